"""A plain script that goes on where it was cut off.

    python resumable_script.py PROJECT_DIR

Each step runs once; its result is kept. Started again, the script takes the results and goes on with the first step
that is missing.
"""

import sys

from codeagent.checkpoint_manager import CheckpointManager


def download(page: int) -> list[str]:
    print(f"downloading page {page}")
    return [f"row {page}.{number}" for number in range(3)]


def report(rows: list[str]) -> str:
    print("writing the report")
    return f"{len(rows)} rows"


def main(project_dir: str) -> None:
    with CheckpointManager(project_dir, checkpoint_file="data/.script.json") as checkpoint:
        step = checkpoint.steps("report-2026-01-18")
        rows: list[str] = []
        for page in range(3):
            rows += step(f"page-{page}", download, page)
        print(step("report", report, rows))

        @checkpoint.task
        def square(number: int) -> int:
            """Squares a number, once for each."""
            print(f"squaring {number}")
            return number * number

        print(sum(square(number) for number in range(4)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".")
