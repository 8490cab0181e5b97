"""What can go wrong with a checkpoint. Nothing is swallowed: a call that raises has acknowledged nothing."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Tuple, Union


class CheckpointError(Exception):
    """Any failure of a checkpoint; the others are kinds of it."""


class CheckpointLockedError(CheckpointError):
    """Another process works on the checkpoint. Nothing was changed.

    The guide, "Ограничения": one server at a time. ``read_only=True`` can read it meanwhile.
    """

    #: Process id of the holder, where it is known.
    pid: Optional[int]
    #: Its machine.
    host: Optional[str]

    def __init__(self, message: str, pid: Optional[int] = None, host: Optional[str] = None) -> None:
        super().__init__(message, pid, host)
        self.pid = pid
        self.host = host

    def __str__(self) -> str:
        return str(self.args[0])


class CheckpointDamagedError(CheckpointError):
    """Main file and backup are both unusable, or a journal is. Nothing was changed, nothing is started empty.

    The guide, "Сценарий 3", is the case before this one: with one good file all is restored without a hand.
    ``codeagent checkpoint repair`` saves what is readable.
    """

    #: Each unusable file and what is wrong with it.
    files: List[Tuple[Path, str]]

    def __init__(self, message: str, files: Optional[List[Tuple[Path, str]]] = None) -> None:
        super().__init__(message, files)
        self.files = list(files or [])

    def __str__(self) -> str:
        return str(self.args[0])


class CheckpointIOError(CheckpointError, OSError):
    """The disk refused (full, read-only, broken). Nothing of the call is acknowledged.

    After a failed write or sync the manager is done: every later call raises the same. Open a new one once the cause
    is mended; it starts from the last acknowledged state. An ``OSError`` too, with ``errno`` and ``filename``.
    """

    def __init__(
        self, message: str, errno: Optional[int] = None, filename: Optional[Union[str, Path]] = None
    ) -> None:
        super().__init__(message, errno, filename)
        self.message = message
        self.errno = errno
        self.filename = filename

    def __str__(self) -> str:
        return self.message


class CheckpointClosedError(CheckpointError):
    """The manager was closed."""


class CheckpointTakenOverError(CheckpointClosedError):
    """A newer manager of this process has opened the same file; this one neither reads nor writes any more."""


class CheckpointForkedError(CheckpointClosedError):
    """The manager belongs to the parent of this forked process, which goes on undisturbed."""


class CheckpointReadOnlyError(CheckpointError):
    """The manager was opened with ``read_only=True``."""
