"""The guide's checkpoint: the state of a server and its tasks, kept across crashes.

Called as the guide's Python implementation is; only the import changes. What differs is what that implementation
promised and did not do:

* a transition is on disk when the call returns, and costs the same however many tasks there are;
* an error is raised (:mod:`codeagent.errors`), not logged and forgotten;
* a completed task never runs again, also after ``clear_old_tasks``;
* a second process is refused with the pid of the first.

Logs go to the logger ``codeagent.checkpoint_manager``, in Russian (the guide's words) or English: ``lang=``, else
``LC_ALL``, ``LC_MESSAGES``, ``LANG``.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import sys
import weakref
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Dict, List, NoReturn, Optional, Type, TypeVar, Union, cast, overload

from codeagent._native import Manager as _Manager
from codeagent._native import Words as _Words
from codeagent.errors import CheckpointError
from codeagent.recovery import report_lines
from codeagent.steps import Steps, task_decorator

__all__ = ["CheckpointManager", "TaskState"]

logger = logging.getLogger("codeagent.checkpoint_manager")

_DEFAULT_FILE = "data/.codeagent_checkpoint.json"

_F = TypeVar("_F", bound=Callable[..., Any])


class TaskState(Enum):
    """The states of a task (the guide, "Состояния задач")."""

    PENDING = "pending"
    """Waits to be run."""
    IN_PROGRESS = "in_progress"
    """An attempt runs, or ran when the process died."""
    COMPLETED = "completed"
    """Done."""
    FAILED = "failed"
    """The last attempt failed."""
    ROLLED_BACK = "rolled_back"
    """Its changes were taken back."""


class CheckpointManager:
    """Keeps the state of tasks across crashes (the guide, "Программное использование").

    Args:
        project_dir: The project folder.
        checkpoint_file: The file, relative to it or absolute; it is created where there is none, with its folder.
        durability: ``"sync"``: a call returns when its transition is on disk. ``"batch"``: it returns when the
            transition is written, and is synced at the latest ``batch_ms`` later, by ``flush()``, ``close()`` or
            ``mark_server_stop()``. A batch survives the death of the process at any moment (``kill -9``) whole; a
            power cut may take the last ``batch_ms``, and leaves what was before.
        batch_ms: See above.
        read_only: Look on while another process works: takes no lock, writes nothing, and reads the files at each
            question (which costs what reading the file costs). What writes raises ``CheckpointReadOnlyError``.
        lang: ``"ru"`` or ``"en"``, the language of logs and errors; else the environment's.
        allow_network: Open on a network file system too, where locks and syncs may not hold.

    Raises:
        CheckpointLockedError: another process works on it; ``.pid`` says which.
        CheckpointDamagedError: nothing is left to trust; nothing was changed.
        CheckpointIOError: the disk refused.

    Within one process a newer manager on the same file takes over, and the older one raises
    ``CheckpointTakenOverError``. All calls may come from any thread; they let other threads run while they wait for the
    disk. In a forked child the manager raises ``CheckpointForkedError``; the parent's goes on.

    As a context manager it marks a clean stop at the end of the block (Ctrl+C and ``sys.exit`` are ends too), or an
    unclean one where an exception leaves it, and closes::

        with CheckpointManager(project_dir) as checkpoint:
            ...
    """

    #: The project folder.
    project_dir: Path
    #: The main file (the guide, "Файлы checkpoint").
    checkpoint_file: Path
    #: The backup: the main file's name and ``.backup``.
    backup_file: Path

    def __init__(
        self,
        project_dir: Union[str, "os.PathLike[str]"],
        checkpoint_file: Union[str, "os.PathLike[str]"] = _DEFAULT_FILE,
        *,
        durability: str = "sync",
        batch_ms: int = 100,
        read_only: bool = False,
        lang: Optional[str] = None,
        allow_network: bool = False,
    ) -> None:
        if durability not in ("sync", "batch"):
            raise ValueError(f'durability is "sync" or "batch", not {durability!r}')
        self.project_dir = Path(project_dir)
        self.checkpoint_file = self.project_dir / checkpoint_file
        self.backup_file = self.checkpoint_file.with_name(self.checkpoint_file.name + ".backup")
        self.read_only = read_only
        self._words = _Words(lang)
        former = self._former_default(checkpoint_file)
        #: Which module has which name, for ``task``.
        self._named: Dict[str, str] = {}
        self._native = _Manager(
            self.checkpoint_file,
            lang=lang,
            batch_ms=batch_ms if durability == "batch" else None,
            read_only=read_only,
            allow_network=allow_network,
        )
        _living.add(self)
        self._tell()
        opened = "python-opened-read-only" if read_only else "python-opened"
        self._log(logging.INFO, opened, path=str(self.checkpoint_file))
        if former is not None:
            self._log(logging.WARNING, "python-former-default", path=str(former), name=former.name)
        if not read_only and not self.was_clean_shutdown():
            self._log(logging.WARNING, "report-unclean")

    # The server's own record.

    def mark_server_start(self, session_id: str) -> None:
        """A server begins; until it says good-bye, ``was_clean_shutdown()`` is false (the guide, "Сценарий 2")."""
        self._native.mark_server_start(session_id)
        self._tell()
        self._log(logging.INFO, "server-started", session=session_id)

    def mark_server_stop(self, clean: bool = True) -> None:
        """It says good-bye (the guide, "Сценарий 1")."""
        self._native.mark_server_stop(bool(clean))
        self._tell()
        self._log(
            logging.INFO, "python-server-stopped", clean=self._words.text("python-yes" if clean else "python-no")
        )

    def increment_iteration(self) -> None:
        """Counts another pass over the list."""
        self._native.increment_iteration()
        self._tell()

    def get_iteration_count(self) -> int:
        """How many passes over the list there were."""
        return self._native.get_iteration_count()

    def was_clean_shutdown(self) -> bool:
        """Whether the last server said good-bye; true in a brand-new checkpoint."""
        return self._native.was_clean_shutdown()

    # The life of a task.

    def add_task(self, task_id: str, task_text: str, metadata: Optional[Dict[str, Any]] = None) -> None:
        """Adds a pending task. One whose id exists, or was completed and cleared, is left as it is, with a warning.

        Args:
            task_id: Any text; unique.
            task_text: What is to be done.
            metadata: A dict that JSON can hold; ``TypeError`` for any other, before anything is changed.
        """
        if metadata is not None and not isinstance(metadata, dict):
            raise TypeError(f"metadata must be a dict, not {type(metadata).__name__}")
        refused = self._native.add_task(task_id, task_text, None if metadata is None else _to_json(metadata))
        self._told(refused, logging.DEBUG, "python-task-added", id=task_id)

    def mark_task_start(self, task_id: str) -> None:
        """An attempt begins; ``attempts`` counts it. An unknown id warns and changes nothing.

        A task that an earlier process left running is taken as interrupted and begins again.
        """
        refused = self._native.mark_task_start(task_id)
        self._told_start(refused, task_id)

    def mark_task_completed(self, task_id: str, result: Optional[Any] = None) -> None:
        """The task is done, with a result that JSON can hold. It never runs again."""
        refused = self._native.mark_task_completed(task_id, None if result is None else _to_json(result))
        self._told(refused, logging.INFO, "python-task-completed", id=task_id)

    def mark_task_failed(self, task_id: str, error_message: Union[str, BaseException, None]) -> None:
        """The attempt failed (the guide, "Сценарий 4"). Whether it is tried again says ``should_retry_task``."""
        message = "" if error_message is None else str(error_message)
        refused = self._native.mark_task_failed(task_id, message)
        self._told(refused, logging.WARNING, "python-task-failed", id=task_id, error=message)

    def start_task(self, todo_item: Any, task_id: str) -> None:
        """Adds the task if nobody knows it, and starts it; both become durable together.

        Args:
            todo_item: The text, or what has it: a dict with ``text``, a ``TodoItem``.
        """
        self._told_start(self._native.start_task(_text_of(todo_item), task_id), task_id)

    def end_task(self, task_id: str, success: bool = True, error_message: Optional[str] = None) -> None:
        """``mark_task_completed``, or ``mark_task_failed`` with that message."""
        if success:
            self.mark_task_completed(task_id)
        else:
            self.mark_task_failed(task_id, error_message)

    def update_instruction_progress(self, task_id: str, instruction_num: int, total_instructions: int) -> None:
        """Step ``instruction_num`` (from 1) of ``total_instructions`` is done."""
        refused = self._native.update_instruction_progress(task_id, _u32(instruction_num), _u32(total_instructions))
        self._told(
            refused,
            logging.DEBUG,
            "python-step-done",
            id=task_id,
            step=str(instruction_num),
            total=str(total_instructions),
        )

    def get_instruction_progress(self, task_id: str) -> Optional[Dict[str, Any]]:
        """Which steps are done: ``last_completed_instruction``, ``total_instructions``, ``completed_instructions``.

        Zeros for a task without steps, None for an unknown one.
        """
        task = self._find_task(task_id)
        return None if task is None else cast(Dict[str, Any], task["instruction_progress"])

    def reset_interrupted_task(self) -> None:
        """What was cut off goes back to pending; step progress is kept (the guide, "Сценарий 2")."""
        for _ in self._native.reset_interrupted_task():
            self._log(logging.INFO, "report-reset")
        self._tell()

    def retry_task(self, task_id: str, task_text: Optional[str] = None) -> None:
        """A failed, rolled back or completed task is pending again; earlier attempts don't count.

        One that was cleared is known by fingerprints alone: it comes back only with its text.
        """
        task = self._find_task(task_id)
        refused = self._native.retry(task_id, task["task_text"] if task else task_text)
        self._told(refused, logging.INFO, "python-task-retried", id=task_id)

    def rollback_task(self, task_id: str) -> None:
        """The task's changes were taken back: it is ``rolled_back`` until ``retry_task``."""
        self._told(self._native.rollback(task_id), logging.INFO, "server-task-rolled-back", id=task_id)

    def should_retry_task(self, task_id: str, max_attempts: int = 3) -> bool:
        """Whether another attempt is left of ``max_attempts``; never for a completed or unknown task."""
        return self._native.should_retry_task(task_id, _u32(max_attempts))

    def is_task_completed(self, task_text: str) -> bool:
        """Whether the latest attempt at that text was completed, also if it was cleared since."""
        return self._native.is_task_completed(task_text)

    def clear_old_tasks(self, keep_last_n: int = 100) -> None:
        """Completed tasks beyond the newest leave the file, and stay known as completed (the guide, "Очистка")."""
        if keep_last_n < 0:
            raise ValueError(f"keep_last_n must not be negative, but is {keep_last_n}")
        count = self._native.clear_old_tasks(min(keep_last_n, sys.maxsize))
        self._tell()
        if count:
            self._log(logging.INFO, "python-cleared", count=str(count))

    # What there is: dicts in the guide's shape, copies of the present state.

    def get_current_task(self) -> Optional[Dict[str, Any]]:
        """The task that was started last and is not ended."""
        return _task(self._native.get_current_task())

    def get_incomplete_tasks(self) -> List[Dict[str, Any]]:
        """Pending and running tasks."""
        return _tasks(json.loads(self._native.get_incomplete_tasks()))

    def get_failed_tasks(self) -> List[Dict[str, Any]]:
        """Failed tasks."""
        return _tasks(json.loads(self._native.get_failed_tasks()))

    def get_recovery_info(self) -> Dict[str, Any]:
        """What a start finds (the guide, "Просмотр состояния checkpoint").

        ``was_clean_shutdown``, ``last_start_time``, ``last_stop_time``, ``iteration_count``, ``session_id``,
        ``current_task``, ``incomplete_tasks_count``, ``failed_tasks_count``, ``incomplete_tasks``, ``failed_tasks``.
        """
        info = cast(Dict[str, Any], json.loads(self._native.get_recovery_info()))
        _tasks(info["incomplete_tasks"])
        _tasks(info["failed_tasks"])
        if info["current_task"] is not None:
            _tasks([info["current_task"]])
        return info

    def get_statistics(self) -> Dict[str, Any]:
        """Counts (the guide, "Просмотр состояния checkpoint"); walks over no task.

        ``total_tasks``, ``completed``, ``failed``, ``in_progress``, ``pending``, ``rolled_back``, ``pruned``,
        ``iteration_count``, ``session_id``.
        """
        return self._native.get_statistics()

    @property
    def checkpoint_data(self) -> Dict[str, Any]:
        """The whole document (the guide, "Структура данных checkpoint"): a copy, made anew at each look.

        Changing it changes nothing; the calls above do. Costs what the whole file costs: ask for it rarely.
        """
        data = cast(Dict[str, Any], json.loads(self._native.checkpoint_data()))
        _tasks(data["tasks"])
        return data

    def _find_task(self, task_id: str) -> Optional[Dict[str, Any]]:
        """A task's dict, a copy; None for an unknown id."""
        return _task(self._native.find_task(task_id))

    def recover(self) -> Dict[str, Any]:
        """What the guide's server does at its start after a crash: logs the report and resets what was interrupted.

        The lines are those of the guide, "Логи восстановления". Gives ``get_recovery_info()`` as it was before.
        After a clean stop there is no report; a task that it left running is reset all the same.
        """
        info = self.get_recovery_info()
        if info["was_clean_shutdown"]:
            self.reset_interrupted_task()
            return info
        self._native.reset_interrupted_task()
        self._tell()
        for level, line in report_lines(info, self._words):
            logger.log(level, line)
        return info

    # Scripts that can be cut off at any moment and started again.

    @overload
    def task(self, function: _F, /) -> _F: ...
    @overload
    def task(self, name: Optional[str] = None, /, *, text: Optional[str] = None) -> Callable[[_F], _F]: ...
    def task(self, function: Any = None, /, *, text: Optional[str] = None) -> Any:
        """Decorator: a call that was completed once returns its stored result instead of running again.

        ::

            @checkpoint.task
            def fetch(url: str) -> dict: ...

            fetch("https://…")       # runs, and is stored under its name and arguments
            fetch("https://…")       # now, and after any crash: the stored result

        The task's id is the function's name and a digest of the arguments, or the name that is given:
        ``@checkpoint.task("fetch-v2", text="Fetch the page")``. Two modules with a function of one name must give one of
        them a name of its own (``ValueError``). Arguments and result must be what JSON can hold; the
        result comes back as JSON gives it back, the first time too (a tuple is a list). An exception marks the task
        failed and is raised; the next call tries again. ``async def`` functions are taken as well.
        """
        return task_decorator(self, function, text)

    def steps(self, name: str = "steps") -> Steps:
        """The steps of a script: each runs once and returns its stored result from then on.

        ::

            step = checkpoint.steps("nightly-2026-01-18")
            page = step("download", download, url)
            rows = step("parse", parse, page)

        ``name`` and the step's name are its identity (``nightly-2026-01-18.download``; a dot within ``name`` is written
        ``%2E``), not the arguments. What was said of results, exceptions and ``async def`` in :meth:`task` holds here too.
        """
        return Steps(self, name)

    # The end.

    def flush(self) -> None:
        """Makes everything durable that was acknowledged: only for ``durability="batch"`` there is something to do."""
        self._native.flush()
        self._tell()

    def close(self) -> None:
        """Brings the JSON file up to date and lets go of the lock; later calls raise. Says nothing about a clean stop."""
        self._native.close()
        _living.discard(self)
        self._tell()

    def __enter__(self) -> "CheckpointManager":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        # Ctrl+C and exit are stops that someone asked for (the guide, "Сценарий 1").
        clean = kind is None or not issubclass(kind, Exception)
        try:
            try:
                if not self.read_only:
                    self.mark_server_stop(clean)
            finally:
                self.close()
        except CheckpointError:
            if kind is None:
                raise
            # The block's own exception is what its caller is to see.
            logger.exception("close")

    def __repr__(self) -> str:
        return f"CheckpointManager({str(self.checkpoint_file)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a CheckpointManager cannot be copied or pickled; another process opens one of its own")

    # What is said.

    def _former_default(self, given: Union[str, "os.PathLike[str]"]) -> Optional[Path]:
        """The Python implementation's default file, where it is about to be left behind unnoticed."""
        former = self.project_dir / ".codeagent_checkpoint.json"
        is_new = given == _DEFAULT_FILE and not self.checkpoint_file.exists()
        return former if is_new and former.exists() else None

    def _tell(self) -> None:
        """Logs what the store noticed meanwhile."""
        for level, line in self._native.notices():
            logger.log(level, line)

    def _log(self, level: int, key: str, **args: str) -> None:
        if logger.isEnabledFor(level):
            logger.log(level, self._words.text(key, **args))

    def _told(self, refused: Optional[str], level: int, key: str, **args: str) -> None:
        self._tell()
        if refused is not None:
            logger.warning(refused)
        else:
            self._log(level, key, **args)

    def _told_start(self, refused: Optional[str], task_id: str) -> None:
        if refused is None and logger.isEnabledFor(logging.INFO):
            attempt = (self._find_task(task_id) or {}).get("attempts", 0)
            self._told(None, logging.INFO, "python-task-started", id=task_id, attempt=str(attempt))
        else:
            self._told(refused, logging.DEBUG, "python-task-started", id=task_id, attempt="")


def _to_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can hold
        text = json.dumps(value)
    return text


def _text_of(item: Any) -> str:
    text = item.get("text") if isinstance(item, dict) else getattr(item, "text", item)
    if not isinstance(text, str):
        raise TypeError(f"todo_item must be a text, or have one as `text`: {type(item).__name__} has none")
    return text


def _u32(number: int) -> int:
    """The nearest number that the core takes: what is out of range it refuses, or never reaches."""
    return max(0, min(number, 2**32 - 1))


def _task(text: Optional[str]) -> Optional[Dict[str, Any]]:
    return None if text is None else _tasks([json.loads(text)])[0]


def _tasks(tasks: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """With the member that scripts ask for and that the file leaves out where there are no steps."""
    for task in tasks:
        task.setdefault(
            "instruction_progress",
            {"last_completed_instruction": 0, "total_instructions": 0, "completed_instructions": []},
        )
    return tasks


#: Those that are open, for the end of the process and for forked children.
_living: "weakref.WeakSet[CheckpointManager]" = weakref.WeakSet()


def _close_all() -> None:
    """At the end of the process: the files become exact. What was acknowledged is safe without it."""
    for manager in list(_living):
        try:
            manager._native.close()
        except CheckpointError:
            logger.exception("close")


def _after_fork_in_child() -> None:
    """The copy of the parent's lock is let go, or it would outlive the parent."""
    for manager in list(_living):
        manager._native.after_fork()
    _living.clear()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_after_fork_in_child)
