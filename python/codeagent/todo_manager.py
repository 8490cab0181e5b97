"""The TODO list of a project: read from all of its files as one, ticked without touching another byte.

Files, formats and boxes are those of the server: ``todo.md``, ``todo.txt``, ``todo.yaml``, the same under ``todo/``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Dict, List, Optional, Union

from codeagent._native import TodoFiles as _TodoFiles

__all__ = ["TodoItem", "TodoManager"]


@dataclass
class TodoItem:
    """One task of the list."""

    #: Its text.
    text: str
    #: How deep it is nested; 0 for a task without a parent.
    level: int = 0
    #: ``[x]``.
    done: bool = False
    #: ``[-]``.
    skipped: bool = False
    #: The task that it is nested under.
    parent: Optional["TodoItem"] = field(default=None, repr=False)
    #: The tasks nested under it.
    children: List["TodoItem"] = field(default_factory=list, repr=False)
    #: Its identity in the checkpoint: the one given in the list, else derived from its text and its parents'.
    task_id: str = ""
    #: Where it stands: file, and line from 1.
    file: Optional[Path] = None
    line: int = 0


class TodoManager:
    """The list of a project folder.

    Args:
        project_dir: The project folder.
        todo_format: ``md``, ``txt`` or ``yaml``: ``todo.<format>`` comes first (``project.todo_format``).
        max_file_size: Larger files are refused (``project.todo_max_bytes``).

    A file that cannot be read is ``OSError``; one that is too large, not UTF-8 or no YAML is ``ValueError``.
    """

    def __init__(
        self,
        project_dir: Union[str, "os.PathLike[str]"],
        todo_format: str = "md",
        max_file_size: Optional[int] = None,
        *,
        lang: Optional[str] = None,
    ) -> None:
        self.project_dir = Path(project_dir)
        self.todo_format = todo_format
        self._native = _TodoFiles(self.project_dir, todo_format, max_file_size or 64 * 1024 * 1024, lang)
        self.todo_files: List[Path] = []
        self.items: List[TodoItem] = []
        self.load_todos()

    @property
    def todo_file(self) -> Optional[Path]:
        """The first of the files."""
        return self.todo_files[0] if self.todo_files else None

    def load_todos(self) -> None:
        """Reads the files again: ``items`` and ``todo_files``."""
        self.todo_files, rows = self._native.load()
        self.items = []
        for task_id, text, parent_at, mark, path, line in rows:
            parent = None if parent_at is None else self.items[parent_at]
            item = TodoItem(
                text=text,
                level=0 if parent is None else parent.level + 1,
                done=mark == "done",
                skipped=mark == "skipped",
                parent=parent,
                task_id=task_id,
                file=path,
                line=line,
            )
            if parent is not None:
                parent.children.append(item)
            self.items.append(item)

    def get_pending_tasks(self) -> List[TodoItem]:
        """Those that are neither done nor skipped."""
        return [item for item in self.items if not item.done and not item.skipped]

    def get_all_tasks(self) -> List[TodoItem]:
        """All of them, in the order of the files."""
        return list(self.items)

    def mark_task_done(self, task_text: str, comment: Optional[str] = None) -> bool:
        """Ticks the box of the task with that text (or id), noting comment and time; False where there is none."""
        now = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        return self._mark(task_text, "done", f"{comment or 'codeagent'} - {now}")

    def mark_task_skipped(self, task_text: str) -> bool:
        """Puts ``[-]`` into the box; False where there is no such task."""
        return self._mark(task_text, "skipped", None)

    def get_task_hierarchy(self) -> Dict[str, int]:
        """Counts: ``total``, ``pending``, ``completed``, ``skipped``."""
        return {
            "total": len(self.items),
            "pending": len(self.get_pending_tasks()),
            "completed": sum(item.done for item in self.items),
            "skipped": sum(item.skipped for item in self.items),
        }

    def _mark(self, task: str, mark: str, comment: Optional[str]) -> bool:
        self.load_todos()
        named = [item for item in self.items if task in (item.text, item.task_id)]
        open_first = sorted(named, key=lambda item: item.done or item.skipped)
        marked = bool(open_first) and self._native.mark(open_first[0].task_id, mark, comment)
        self.load_todos()
        return marked
