"""The status file: Markdown in the project that people read and write as well (the guide, "StatusManager").

    status_manager.append_status(f"Unfinished tasks: {incomplete_count}", level=2)
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional, Union

from codeagent._native import StatusFile as _StatusFile

__all__ = ["StatusManager"]


class StatusManager:
    """Appends to the status file, and creates it with a title and a history section where there is none.

    Args:
        status_file: The file (``project.status_file``).
        lang: ``"ru"`` or ``"en"``, the language of title and section; else the environment's.

    What people wrote into it stays. Errors of the disk are ``OSError``.
    """

    def __init__(self, status_file: Union[str, "os.PathLike[str]"], *, lang: Optional[str] = None) -> None:
        self.status_file = Path(status_file)
        self._native = _StatusFile(self.status_file, lang)

    def append_status(self, message: str, level: int = 1) -> None:
        """Appends a heading (``level`` 1 to 6), or a line with the time (0)."""
        self._native.append(message, level)

    def update_task_status(self, task_name: str, status: str, details: Optional[str] = None) -> None:
        """Appends what a task has come to."""
        self._native.task(task_name, status, details)

    def update_server_status(self, status: str, details: Optional[str] = None) -> None:
        """Appends what the server has come to."""
        self._native.server(status, details)

    def read_status(self) -> str:
        """The file's text; empty where there is none."""
        return self.status_file.read_text(encoding="utf-8") if self.status_file.exists() else ""
