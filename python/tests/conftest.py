"""Managers in scratch projects, and child interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from codeagent.checkpoint_manager import CheckpointManager

Make = Callable[..., CheckpointManager]
Child = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing depends on the language of whoever runs the tests."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Opens the checkpoint of the test's project; closed at the end."""
    made: List[CheckpointManager] = []

    def manager(**options: Any) -> CheckpointManager:
        made.append(CheckpointManager(tmp_path, **options))
        return made[-1]

    yield manager
    for one in made:
        one.close()


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """Starts an interpreter with this code in the test's project; ended at the end."""
    children: List["subprocess.Popen[str]"] = []

    def start(code: str, **env: str) -> "subprocess.Popen[str]":
        environment: Dict[str, str] = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=tmp_path,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        children.append(process)
        return process

    yield start
    for process in children:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def line_of(process: "subprocess.Popen[str]") -> str:
    """The next line of what a child says."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")
