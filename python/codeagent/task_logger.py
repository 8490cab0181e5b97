"""A log file for each attempt at a task (the guide, "TaskLogger").

    task_logger = TaskLogger(task_id, task_text)
    checkpoint.mark_task_start(task_id)
"""

from __future__ import annotations

import logging
import os
import uuid
from pathlib import Path
from types import TracebackType
from typing import Optional, Type, Union

from codeagent._native import TaskLog as _TaskLog
from codeagent._native import Words as _Words

__all__ = ["TaskLogger"]


class TaskLogger:
    """Writes ``logs/task_<id>_<YYYYMMDD_HHMMSS>.log``: a header, then ``time - LEVEL - message``.

    Args:
        task_id: The task's id.
        task_text: Its text.
        log_dir: The folder; it is made where it is missing. The newest 20 logs in it are kept.
        attempt: Number of the attempt, from 1.

    What looks like a key, a token or a password is masked. Errors of the disk are ``OSError``.
    """

    def __init__(
        self,
        task_id: str,
        task_text: str,
        log_dir: Union[str, "os.PathLike[str]"] = "logs",
        *,
        attempt: int = 1,
        lang: Optional[str] = None,
    ) -> None:
        self.task_id = task_id
        self.task_text = task_text
        self.log_dir = Path(log_dir)
        self._words = _Words(lang)
        self._native = _TaskLog(self.log_dir, task_id, task_text, attempt, uuid.uuid4().hex)

    @property
    def log_file(self) -> Path:
        """The file."""
        return self._native.path

    def log_info(self, message: str) -> None:
        """What happens."""
        self._native.line(logging.INFO, message)

    def log_warning(self, message: str) -> None:
        """What deserves a look."""
        self._native.line(logging.WARNING, message)

    def log_error(self, message: str, exception: Optional[BaseException] = None) -> None:
        """What failed, with the exception where there is one."""
        if exception is not None:
            message = f"{message}: {type(exception).__name__}: {exception}"
        self._native.line(logging.ERROR, message)

    def close(self) -> None:
        """Writes the last line; what is logged afterwards goes nowhere."""
        self._native.finish(logging.INFO, self._words.text("python-log-closed"))

    def __enter__(self) -> "TaskLogger":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if error is not None:
            self.log_error(self.task_id, error)
        self.close()
