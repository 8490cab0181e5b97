"""The recovery report: the guide's log lines ("Логи восстановления"), as the server prints them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Dict, Iterator, Tuple

if TYPE_CHECKING:
    from codeagent._native import Words

_RULE = "=" * 80
#: Unfinished tasks that are listed, and characters of each.
_LISTED = 10
_LISTED_CHARS = 100


def report_lines(info: Dict[str, Any], words: "Words") -> Iterator[Tuple[int, str]]:
    """Levels and lines for what ``get_recovery_info()`` gave before anything was reset."""
    text = words.text
    yield logging.WARNING, _RULE
    yield logging.WARNING, text("report-unclean")
    yield logging.WARNING, _RULE
    yield logging.WARNING, text("report-last-start", time=str(info["last_start_time"]))
    yield logging.WARNING, text("report-last-stop", time=str(info["last_stop_time"]))
    yield logging.WARNING, text("report-session", id=str(info["session_id"]))
    yield logging.WARNING, text("report-iterations", count=str(info["iteration_count"]))
    unfinished = info["incomplete_tasks"]
    interrupted = [task for task in unfinished if task["state"] == "in_progress"]
    for task in interrupted:
        yield logging.WARNING, text("report-interrupted", text=task["task_text"])
        yield logging.WARNING, text("report-id", id=task["task_id"])
        yield logging.WARNING, text("report-attempts", count=str(task["attempts"]))
        yield logging.WARNING, text("report-began", time=str(task["start_time"]))
        yield logging.INFO, text("report-reset")
    if unfinished:
        yield logging.WARNING, text("report-unfinished", count=str(len(unfinished)))
        pending = [task for task in unfinished if task["state"] == "pending"]
        for task in pending[:_LISTED]:
            shown = words.line(task["task_text"], _LISTED_CHARS)
            yield logging.WARNING, text("report-unfinished-task", text=shown, state=task["state"])
        if len(pending) > _LISTED:
            yield logging.WARNING, text("report-more", count=str(len(pending) - _LISTED))
    if info["failed_tasks_count"]:
        yield logging.WARNING, text("report-failed", count=str(info["failed_tasks_count"]))
    yield logging.WARNING, _RULE
    yield logging.INFO, text("report-continues")
    yield logging.WARNING, _RULE

