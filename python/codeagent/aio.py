"""The checkpoint for asyncio: the same calls, awaited; the event loop goes on while the disk is waited for.

::

    async with AsyncCheckpointManager(project_dir) as checkpoint:
        await checkpoint.add_task("task_001", "Implement the function")
        await checkpoint.mark_task_start("task_001")

Each call runs in a thread of the loop's default executor. A call whose waiting is cancelled is carried out all the
same. ``@checkpoint.manager.task`` and ``checkpoint.manager.steps()`` take ``async def`` functions as they are.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Dict, List, Optional, Type, Union

from codeagent.checkpoint_manager import CheckpointManager

__all__ = ["AsyncCheckpointManager"]


class AsyncCheckpointManager:
    """``CheckpointManager`` with awaitable calls. Takes its arguments; opened by ``async with`` or ``await open()``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._arguments = (args, kwargs)
        self._manager: Optional[CheckpointManager] = None

    @property
    def manager(self) -> CheckpointManager:
        """The manager below, once it is open."""
        if self._manager is None:
            raise RuntimeError("not open: use `async with`, or `await open()`")
        return self._manager

    async def open(self) -> "AsyncCheckpointManager":
        """Opens the checkpoint."""
        args, kwargs = self._arguments
        self._manager = await asyncio.to_thread(CheckpointManager, *args, **kwargs)
        return self

    async def __aenter__(self) -> "AsyncCheckpointManager":
        return await self.open()

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await asyncio.to_thread(self.manager.__exit__, kind, error, trace)

    async def mark_server_start(self, session_id: str) -> None:
        """As ``CheckpointManager.mark_server_start``."""
        await asyncio.to_thread(self.manager.mark_server_start, session_id)

    async def mark_server_stop(self, clean: bool = True) -> None:
        """As ``CheckpointManager.mark_server_stop``."""
        await asyncio.to_thread(self.manager.mark_server_stop, clean)

    async def increment_iteration(self) -> None:
        """As ``CheckpointManager.increment_iteration``."""
        await asyncio.to_thread(self.manager.increment_iteration)

    async def get_iteration_count(self) -> int:
        """As ``CheckpointManager.get_iteration_count``."""
        return await asyncio.to_thread(self.manager.get_iteration_count)

    async def was_clean_shutdown(self) -> bool:
        """As ``CheckpointManager.was_clean_shutdown``."""
        return await asyncio.to_thread(self.manager.was_clean_shutdown)

    async def add_task(self, task_id: str, task_text: str, metadata: Optional[Dict[str, Any]] = None) -> None:
        """As ``CheckpointManager.add_task``."""
        await asyncio.to_thread(self.manager.add_task, task_id, task_text, metadata)

    async def mark_task_start(self, task_id: str) -> None:
        """As ``CheckpointManager.mark_task_start``."""
        await asyncio.to_thread(self.manager.mark_task_start, task_id)

    async def mark_task_completed(self, task_id: str, result: Optional[Any] = None) -> None:
        """As ``CheckpointManager.mark_task_completed``."""
        await asyncio.to_thread(self.manager.mark_task_completed, task_id, result)

    async def mark_task_failed(self, task_id: str, error_message: Union[str, BaseException, None]) -> None:
        """As ``CheckpointManager.mark_task_failed``."""
        await asyncio.to_thread(self.manager.mark_task_failed, task_id, error_message)

    async def start_task(self, todo_item: Any, task_id: str) -> None:
        """As ``CheckpointManager.start_task``."""
        await asyncio.to_thread(self.manager.start_task, todo_item, task_id)

    async def end_task(self, task_id: str, success: bool = True, error_message: Optional[str] = None) -> None:
        """As ``CheckpointManager.end_task``."""
        await asyncio.to_thread(self.manager.end_task, task_id, success, error_message)

    async def update_instruction_progress(self, task_id: str, instruction_num: int, total_instructions: int) -> None:
        """As ``CheckpointManager.update_instruction_progress``."""
        await asyncio.to_thread(self.manager.update_instruction_progress, task_id, instruction_num, total_instructions)

    async def get_instruction_progress(self, task_id: str) -> Optional[Dict[str, Any]]:
        """As ``CheckpointManager.get_instruction_progress``."""
        return await asyncio.to_thread(self.manager.get_instruction_progress, task_id)

    async def reset_interrupted_task(self) -> None:
        """As ``CheckpointManager.reset_interrupted_task``."""
        await asyncio.to_thread(self.manager.reset_interrupted_task)

    async def retry_task(self, task_id: str, task_text: Optional[str] = None) -> None:
        """As ``CheckpointManager.retry_task``."""
        await asyncio.to_thread(self.manager.retry_task, task_id, task_text)

    async def rollback_task(self, task_id: str) -> None:
        """As ``CheckpointManager.rollback_task``."""
        await asyncio.to_thread(self.manager.rollback_task, task_id)

    async def should_retry_task(self, task_id: str, max_attempts: int = 3) -> bool:
        """As ``CheckpointManager.should_retry_task``."""
        return await asyncio.to_thread(self.manager.should_retry_task, task_id, max_attempts)

    async def is_task_completed(self, task_text: str) -> bool:
        """As ``CheckpointManager.is_task_completed``."""
        return await asyncio.to_thread(self.manager.is_task_completed, task_text)

    async def clear_old_tasks(self, keep_last_n: int = 100) -> None:
        """As ``CheckpointManager.clear_old_tasks``."""
        await asyncio.to_thread(self.manager.clear_old_tasks, keep_last_n)

    async def get_current_task(self) -> Optional[Dict[str, Any]]:
        """As ``CheckpointManager.get_current_task``."""
        return await asyncio.to_thread(self.manager.get_current_task)

    async def get_incomplete_tasks(self) -> List[Dict[str, Any]]:
        """As ``CheckpointManager.get_incomplete_tasks``."""
        return await asyncio.to_thread(self.manager.get_incomplete_tasks)

    async def get_failed_tasks(self) -> List[Dict[str, Any]]:
        """As ``CheckpointManager.get_failed_tasks``."""
        return await asyncio.to_thread(self.manager.get_failed_tasks)

    async def get_recovery_info(self) -> Dict[str, Any]:
        """As ``CheckpointManager.get_recovery_info``."""
        return await asyncio.to_thread(self.manager.get_recovery_info)

    async def get_statistics(self) -> Dict[str, Any]:
        """As ``CheckpointManager.get_statistics``."""
        return await asyncio.to_thread(self.manager.get_statistics)

    async def recover(self) -> Dict[str, Any]:
        """As ``CheckpointManager.recover``."""
        return await asyncio.to_thread(self.manager.recover)

    async def flush(self) -> None:
        """As ``CheckpointManager.flush``."""
        await asyncio.to_thread(self.manager.flush)

    async def close(self) -> None:
        """As ``CheckpointManager.close``."""
        await asyncio.to_thread(self.manager.close)
