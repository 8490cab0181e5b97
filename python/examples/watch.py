"""Looks on while a server works on the project: no lock is taken, nothing is written.

    python watch.py PROJECT_DIR [SECONDS]
"""

import sys
import time

from codeagent.checkpoint_manager import CheckpointManager
from codeagent.errors import CheckpointError


def main(project_dir: str, seconds: float) -> None:
    try:
        checkpoint = CheckpointManager(project_dir, read_only=True)
    except CheckpointError as error:
        sys.exit(f"error: {error}")
    with checkpoint:
        until = time.monotonic() + seconds
        while True:
            counts = checkpoint.get_statistics()
            current = checkpoint.get_current_task()
            print(f"{counts['completed']} of {counts['total_tasks']}", "-", current["task_text"] if current else "idle")
            if time.monotonic() >= until:
                return
            time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".", float(sys.argv[2]) if len(sys.argv) > 2 else 0)
