"""Scripts that go on where they were cut off: what was completed returns its stored result.

Used through ``CheckpointManager.task`` and ``CheckpointManager.steps``. Each call is a task of the checkpoint, started
before the function runs and completed with its result after it, so that a crash at any moment repeats at most the one
step that was under way.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import inspect
import json
import logging
import threading
from typing import TYPE_CHECKING, Any, Awaitable, Callable, List, Optional, TypeVar, Union, overload

from codeagent.errors import CheckpointError

if TYPE_CHECKING:
    from codeagent.checkpoint_manager import CheckpointManager

_T = TypeVar("_T")

logger = logging.getLogger("codeagent.checkpoint_manager")


class Steps:
    """The steps of a script under one name; made by ``CheckpointManager.steps``.

    ``step("download", download, url)`` calls ``download(url)`` and stores what it returns; from then on, also after a
    crash and in another process, it returns that without calling anything.
    """

    def __init__(self, manager: "CheckpointManager", name: str) -> None:
        self._manager = manager
        self.name = name

    @overload
    def __call__(
        self, step: str, function: Callable[..., Awaitable[_T]], *args: Any, **kwargs: Any
    ) -> Awaitable[_T]: ...
    @overload
    def __call__(self, step: str, function: Callable[..., _T], *args: Any, **kwargs: Any) -> _T: ...
    def __call__(self, step: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        call = functools.partial(function, *args, **kwargs)
        return _once(self._manager, self._task_id(step), f"{self.name}: {step}", function, call)

    def __contains__(self, step: object) -> bool:
        """Whether the step is done: ``"download" in step``."""
        task = self._manager._find_task(self._task_id(step))
        return task is not None and task["state"] == "completed"

    def _task_id(self, step: object) -> str:
        """The first dot parts the names: ("a", "b.c") and ("a.b", "c") are two steps."""
        return f"{self.name.replace('%', '%25').replace('.', '%2E')}.{step}"

    def __repr__(self) -> str:
        return f"Steps({self.name!r})"


def task_decorator(
    manager: "CheckpointManager", given: Union[None, str, Callable[..., Any]], text: Optional[str]
) -> Any:
    """What ``CheckpointManager.task`` gives, with or without parentheses."""
    if callable(given):
        return _decorated(manager, given, None, text)
    return functools.partial(_decorated, manager, name=given, text=text)


def _decorated(
    manager: "CheckpointManager", function: Callable[..., Any], name: Optional[str], text: Optional[str]
) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError("a generator has no result that could be stored")
    base = name if name is not None else function.__qualname__.replace("<locals>.", "")
    if name is None and manager._named.setdefault(base, function.__module__) != function.__module__:
        raise ValueError(f"{manager._named[base]} has a task {base} too: give one of them a name of its own")
    shown = text or (inspect.getdoc(function) or base).splitlines()[0]

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        task_id = base + _digest(function, args, kwargs)
        return _once(manager, task_id, shown, function, functools.partial(function, *args, **kwargs))

    return call


def _digest(function: Callable[..., Any], args: Any, kwargs: Any) -> str:
    """What tells two calls apart; nothing for a call without arguments."""
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    if not given:
        return ""
    text = json.dumps(given, sort_keys=True)
    return "-" + hashlib.sha256(text.encode()).hexdigest()[:20]


def _once(
    manager: "CheckpointManager", task_id: str, text: str, function: Callable[..., Any], call: Callable[[], Any]
) -> Any:
    run = _Once(manager, task_id, text)
    return run.awaited(call) if inspect.iscoroutinefunction(function) else run.called(call)


class _Once:
    """One call that is made unless it was completed before."""

    def __init__(self, manager: "CheckpointManager", task_id: str, text: str) -> None:
        self.manager = manager
        self.task_id = task_id
        self.text = text
        self.stored: Any = None
        self.started = False

    def called(self, call: Callable[[], Any]) -> Any:
        try:
            if self.is_completed():
                return self.stored
            result = _as_stored(call())
        except BaseException as error:
            if self.started:
                self.ended_by(error)
            raise
        self.manager.mark_task_completed(self.task_id, result)
        return result

    async def awaited(self, call: Callable[[], Awaitable[Any]]) -> Any:
        try:
            if await _in_thread(self.is_completed):
                return self.stored
            result = _as_stored(await call())
        except BaseException as error:
            # Not in a thread: a task that is being cancelled must not wait for another.
            if self.started:
                self.ended_by(error)
            raise
        await _in_thread(functools.partial(self.manager.mark_task_completed, self.task_id, result))
        return result

    def is_completed(self) -> bool:
        """Looks, and starts an attempt where it is not."""
        task = self.manager._find_task(self.task_id)
        words = self.manager._words
        if task is not None and task["state"] == "completed":
            self.stored = task.get("result")
            self.manager._log(logging.DEBUG, "python-known-result", id=self.task_id)
            return True
        if task is None and self.manager._native.is_cleared(self.task_id):
            raise CheckpointError(words.text("python-error-result-cleared", id=self.task_id, text=self.text))
        refused = self.manager._native.start_task(self.text, self.task_id)
        if refused is not None:
            raise CheckpointError(refused)
        self.started = True
        self.manager._told_start(None, self.task_id)
        return False

    def ended_by(self, error: BaseException) -> None:
        """An exception fails the attempt; a stop (Ctrl+C, cancellation, exit) puts it back and does not count."""
        if isinstance(error, Exception):
            self.manager.mark_task_failed(self.task_id, f"{type(error).__name__}: {error}")
        else:
            refused = self.manager._native.put_back(self.task_id)
            self.manager._told(refused, logging.INFO, "python-task-put-back", id=self.task_id)


async def _in_thread(change: Callable[[], _T]) -> _T:
    """Makes a change in a thread, and wholly also where the caller is cancelled meanwhile.

    A thread cannot be called back, and one that is still waited for is never started: without this, a cancelled step
    would stay started for good, or its result would be lost.
    """
    lock = threading.Lock()
    made: List[_T] = []

    def make() -> _T:
        with lock:
            if not made:
                made.append(change())
            return made[0]

    try:
        return await asyncio.to_thread(make)
    except asyncio.CancelledError:
        make()
        raise


def _as_stored(result: Any) -> Any:
    """The result as it comes back later: the same now, so that a script never depends on whether it was cut off."""
    return json.loads(json.dumps(result))
