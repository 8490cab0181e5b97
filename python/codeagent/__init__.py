"""codeagent: crash-safe checkpoints for task lists.

The guide's API on a Rust core: every transition is on disk before the call returns, costs the same with ten tasks and
with a hundred thousand, and survives a crash at any moment. The file is shared with the ``codeagent`` server.

    from codeagent.checkpoint_manager import CheckpointManager

    with CheckpointManager(".", checkpoint_file="data/.checkpoint.json") as checkpoint:
        checkpoint.add_task("task_001", "Implement the function")
        checkpoint.mark_task_start("task_001")
        checkpoint.mark_task_completed("task_001", result={"status": "ok"})

A plain script becomes resumable step by step with ``checkpoint.steps()`` and ``@checkpoint.task``:

    with CheckpointManager(".") as checkpoint:
        step = checkpoint.steps("nightly")
        data = step("download", download, url)     # runs once, whatever happens
        step("report", report, data)

Modules: ``checkpoint_manager``, ``session_tracker``, ``status_manager``, ``task_logger``, ``todo_manager``, ``aio``
(asyncio) and ``errors``.
"""

from codeagent.aio import AsyncCheckpointManager
from codeagent.checkpoint_manager import CheckpointManager, TaskState
from codeagent.errors import (
    CheckpointClosedError,
    CheckpointDamagedError,
    CheckpointError,
    CheckpointForkedError,
    CheckpointIOError,
    CheckpointLockedError,
    CheckpointReadOnlyError,
    CheckpointTakenOverError,
)
from codeagent.session_tracker import SessionTracker
from codeagent.status_manager import StatusManager
from codeagent.task_logger import TaskLogger
from codeagent.todo_manager import TodoItem, TodoManager

__all__ = [
    "AsyncCheckpointManager",
    "CheckpointClosedError",
    "CheckpointDamagedError",
    "CheckpointError",
    "CheckpointForkedError",
    "CheckpointIOError",
    "CheckpointLockedError",
    "CheckpointManager",
    "CheckpointReadOnlyError",
    "CheckpointTakenOverError",
    "SessionTracker",
    "StatusManager",
    "TaskLogger",
    "TaskState",
    "TodoItem",
    "TodoManager",
]
