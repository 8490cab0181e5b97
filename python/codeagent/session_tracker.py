"""Which session generated which TODO lists (the guide, "SessionTracker").

    session_id = session_tracker.current_session_id
    checkpoint.mark_server_start(session_id)
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any, Dict, Optional, Union, cast

from codeagent._native import Sessions as _Sessions
from codeagent._native import Words as _Words

__all__ = ["SessionTracker"]

logger = logging.getLogger("codeagent.session_tracker")


class SessionTracker:
    """Counts the generations of this session and records them in a file that it shares with the server.

    Args:
        project_dir: The project folder.
        tracker_file: The file, relative to it (``server.auto_todo_generation.session_tracker_file``).

    A session begins with the object; its id is ``YYYYMMDD_HHMMSS``, of the next free second where that is taken. A
    damaged file is set aside and reported, never overwritten. Errors of the disk are ``OSError``.
    """

    def __init__(
        self,
        project_dir: Union[str, "os.PathLike[str]"],
        tracker_file: Union[str, "os.PathLike[str]"] = ".codeagent_sessions.json",
        *,
        lang: Optional[str] = None,
    ) -> None:
        self.project_dir = Path(project_dir)
        self.tracker_file = self.project_dir / tracker_file
        self._native = _Sessions(self.tracker_file)
        if self._native.set_aside is not None:
            logger.warning(_Words(lang).text("python-sessions-set-aside", path=str(self._native.set_aside)))

    @property
    def current_session_id(self) -> str:
        """The id of this session."""
        return self._native.session_id

    @property
    def session_data(self) -> Dict[str, Any]:
        """The whole document, a copy: ``sessions``, ``total_generations``, ``last_generation_date``."""
        return cast(Dict[str, Any], json.loads(self._native.document()))

    def get_current_session_generation_count(self) -> int:
        """How many lists this session generated."""
        return self._native.count()

    def can_generate_todo(self, max_generations: int = 5) -> bool:
        """Whether this session may generate another list (``max_generations_per_session``)."""
        return self._native.count() < max_generations

    def record_generation(
        self,
        todo_file: Union[str, "os.PathLike[str]"],
        task_count: int,
        metadata: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        """Records a generation and saves the file; gives the record. What others saved meanwhile stays."""
        self._native.record(str(todo_file), task_count, json.dumps(metadata or {}, ensure_ascii=False))
        session = self._session() or {}
        return cast(Dict[str, Any], session["generations"][-1])

    def get_session_statistics(self) -> Dict[str, Any]:
        """``session_id``, ``generation_count``, ``total_generations_all_time``, ``last_generation_date``, ``current_session_data``."""
        data = self.session_data
        return {
            "session_id": self.current_session_id,
            "generation_count": self._native.count(),
            "total_generations_all_time": data.get("total_generations", 0),
            "last_generation_date": data.get("last_generation_date"),
            "current_session_data": self._session(),
        }

    def _session(self) -> Optional[Dict[str, Any]]:
        sessions = self.session_data.get("sessions", [])
        return next((s for s in sessions if s.get("session_id") == self.current_session_id), None)
