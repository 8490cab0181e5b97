"""Types, stubs and help: mypy --strict over the package, its tests and its examples, and what `help()` shows."""

from __future__ import annotations

import importlib
import inspect
import os
import pydoc
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

import codeagent

HERE = Path(__file__).parent
MODULES = ["checkpoint_manager", "session_tracker", "status_manager", "task_logger", "todo_manager", "aio", "errors"]


def mypy(tmp_path: Path, *arguments: str, module: str = "mypy") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "MYPY_CACHE_DIR": str(tmp_path.parent / "mypy"), "MYPYPATH": str(HERE)}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=170)


def test_everything_is_typed(tmp_path: Path) -> None:
    files = [str(path) for folder in (HERE, HERE.parent / "examples", HERE.parent / "bench") for path in folder.glob("*.py")]
    assert len(files) > 8
    checked = mypy(tmp_path, "--strict", "-p", "codeagent")
    assert checked.returncode == 0, checked.stdout
    checked = mypy(tmp_path, "--strict", *files)
    assert checked.returncode == 0, checked.stdout


def test_a_wrong_call_is_found(tmp_path: Path) -> None:
    script = tmp_path / "wrong.py"
    script.write_text(
        "from codeagent.checkpoint_manager import CheckpointManager\n"
        "c = CheckpointManager('.')\n"
        "c.add_task(1, 'text')\n"
        "x: int = c.was_clean_shutdown_at()\n"
        "y: str = c.steps()('a', lambda: 1)\n"
    )
    checked = mypy(tmp_path, "--strict", str(script))
    for line, kind in ((3, "arg-type"), (4, "attr-defined"), (5, "assignment")):
        assert any(f":{line}: " in told and f"[{kind}]" in told for told in checked.stdout.splitlines()), checked.stdout


def test_stubs_say_what_there_is(tmp_path: Path) -> None:
    checked = mypy(tmp_path, "codeagent._native", module="mypy.stubtest")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", MODULES)
def test_help_is_worth_reading(name: str) -> None:
    module = importlib.import_module(f"codeagent.{name}")
    assert len(inspect.getdoc(module) or "") > 40
    undocumented: List[str] = []
    for class_name, found in inspect.getmembers(module, inspect.isclass):
        if found.__module__ != module.__name__ or class_name.startswith("_"):
            continue
        members = {class_name: found}
        members.update({f"{class_name}.{n}": m for n, m in vars(found).items() if not n.startswith("_")})
        undocumented += [
            n
            for n, m in members.items()
            if (callable(m) or isinstance(m, property)) and not (getattr(m, "__doc__", None) or "").strip()
        ]
    assert undocumented == []


def test_help_names_the_guides_sections() -> None:
    text = pydoc.plain(pydoc.render_doc(codeagent.CheckpointManager))
    for section in ("Программное использование", "Сценарий 1", "Сценарий 4", "Просмотр состояния checkpoint"):
        assert section in text
    assert "CheckpointManager(project_dir" in text
    assert "CheckpointManager" in (codeagent.__doc__ or "")
