"""The examples run, and a second run repeats nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from codeagent.checkpoint_manager import CheckpointManager

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=120)


def output(name: str, *arguments: str) -> str:
    done = run(name, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "asyncio_agents.py",
        "guide.py",
        "resumable_script.py",
        "watch.py",
    }


def test_guide(tmp_path: Path) -> None:
    assert "'completed': 3" in output("guide.py", str(tmp_path))
    assert "'iteration_count': 2" in output("guide.py", str(tmp_path))
    with CheckpointManager(tmp_path, checkpoint_file="data/.checkpoint.json") as checkpoint:
        assert [task["attempts"] for task in checkpoint.checkpoint_data["tasks"]] == [1, 1, 1]


def test_resumable_script(tmp_path: Path) -> None:
    first = output("resumable_script.py", str(tmp_path))
    assert "downloading page 2" in first and first.endswith("14\n")
    assert output("resumable_script.py", str(tmp_path)) == "9 rows\n14\n"


def test_asyncio_agents(tmp_path: Path) -> None:
    assert output("asyncio_agents.py", str(tmp_path)).count("answering") == 3
    assert output("asyncio_agents.py", str(tmp_path)) == "ALPHA BETA GAMMA\n3 completed\n"


def test_watch(tmp_path: Path) -> None:
    assert run("watch.py", str(tmp_path)).returncode == 1
    with CheckpointManager(tmp_path) as checkpoint:
        checkpoint.start_task("Now", "a")
        assert output("watch.py", str(tmp_path)) == "0 of 1 - Now\n"
