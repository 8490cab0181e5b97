"""The guide's example: a list of tasks that is worked through, whatever happens.

    python guide.py PROJECT_DIR

End it at any moment, with Ctrl+C or kill -9, and start it again: no finished task runs twice.
"""

import logging
import sys
import time

from codeagent.checkpoint_manager import CheckpointManager
from codeagent.session_tracker import SessionTracker

TASKS = {
    "task_001": "Implement the function",
    "task_002": "Write its tests",
    "task_003": "Update the documentation",
}


def work(text: str) -> dict[str, int]:
    """What you would do: here it takes a moment."""
    time.sleep(0.01)
    return {"characters": len(text)}


def main(project_dir: str) -> None:
    logging.basicConfig(format="%(asctime)s - %(levelname)s - %(message)s", level=logging.INFO)
    session = SessionTracker(project_dir)
    with CheckpointManager(project_dir, checkpoint_file="data/.checkpoint.json") as checkpoint:
        checkpoint.recover()  # after a crash: the report, and the interrupted task is pending again
        checkpoint.mark_server_start(session.current_session_id)
        for task_id, text in TASKS.items():
            if checkpoint._find_task(task_id) is None:
                checkpoint.add_task(task_id, text)
        for task in checkpoint.get_incomplete_tasks():
            checkpoint.mark_task_start(task["task_id"])
            checkpoint.mark_task_completed(task["task_id"], result=work(task["task_text"]))
        checkpoint.increment_iteration()
        print(checkpoint.get_statistics())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".")
