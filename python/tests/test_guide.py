"""The guide's snippets run as written, but for the import."""

from __future__ import annotations

import logging
import re
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List, Tuple

import pytest

import codeagent.checkpoint_manager
from codeagent.session_tracker import SessionTracker
from codeagent.status_manager import StatusManager
from codeagent.task_logger import TaskLogger

TEXT = (Path(__file__).parent / "guide_snippets.md").read_text(encoding="utf-8")
SNIPPETS: List[Tuple[str, str]] = re.findall(r"^## ([^\n]+)\n\n```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def code(heading: str) -> str:
    """The snippet under a heading, with the import changed."""
    (found,) = (snippet for name, snippet in SNIPPETS if name == heading)
    return found.replace("from src.", "from codeagent.")


def run(heading: str, **names: Any) -> Dict[str, Any]:
    """What the snippet leaves behind."""
    exec(compile(code(heading), heading, "exec"), names)
    return names


def test_all_are_here() -> None:
    assert [name for name, _ in SNIPPETS] == [
        "Состояния задач",
        "Программное использование",
        "Просмотр состояния checkpoint",
        "Очистка старых задач",
        "Ручная очистка",
        "SessionTracker",
        "StatusManager",
        "TaskLogger",
    ]


def test_states() -> None:
    theirs = run("Состояния задач", Enum=Enum)["TaskState"]
    ours = codeagent.checkpoint_manager.TaskState
    assert {state.name: state.value for state in theirs} == {state.name: state.value for state in ours}


def test_programmatic_use(tmp_path: Path) -> None:
    with run("Программное использование", project_dir=tmp_path)["checkpoint"] as checkpoint:
        task = checkpoint._find_task("task_001")
        # It is completed; that it then fails as well is the guide's "or", and changes nothing.
        assert (task["state"], task["result"], task["attempts"]) == ("completed", {"status": "ok"}, 1)
        assert checkpoint.was_clean_shutdown()
        assert checkpoint.checkpoint_file == tmp_path / "data" / ".checkpoint.json"


def test_state_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with run("Программное использование", project_dir=tmp_path)["checkpoint"] as checkpoint:
        run("Просмотр состояния checkpoint", checkpoint=checkpoint)
    assert capsys.readouterr().out.splitlines() == [
        "Чистый останов: True",
        "Незавершенных задач: 0",
        "Задач с ошибками: 0",
        "Всего задач: 1",
        "Завершено: 1",
        "С ошибками: 0",
        "Итераций: 0",
    ]


def test_cleaning(tmp_path: Path) -> None:
    with run("Программное использование", project_dir=tmp_path)["checkpoint"] as checkpoint:
        for number in range(150):
            checkpoint.start_task(f"Text {number}", f"t{number}")
            checkpoint.end_task(f"t{number}", success=number % 50 > 0, error_message="why")
        run("Очистка старых задач", checkpoint_manager=checkpoint, iteration=20)
        assert checkpoint.get_statistics()["completed"] == 100
        left = run("Ручная очистка", checkpoint=checkpoint)
        assert checkpoint.get_statistics()["completed"] == 50
        assert left["incomplete"] == [] and len(left["failed"]) == 3


def test_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with run("Программное использование", project_dir=tmp_path)["checkpoint"] as checkpoint:
        tracker = SessionTracker(tmp_path)
        session = run("SessionTracker", session_tracker=tracker, checkpoint=checkpoint)
        assert checkpoint.get_statistics()["session_id"] == session["session_id"] == tracker.current_session_id
        status = StatusManager(tmp_path / "codeAgentProjectStatus.md")
        run("StatusManager", self=SimpleNamespace(status_manager=status), incomplete_count=3)
        assert "\n## Восстановление после сбоя. Незавершенных задач: 3\n" in status.read_status()
        checkpoint.add_task("t", "Text")
        names = run("TaskLogger", TaskLogger=TaskLogger, checkpoint=checkpoint, task_id="t", task_text="Text")
        names["task_logger"].close()
        assert checkpoint.get_current_task()["task_id"] == "t"
        assert names["task_logger"].log_file.parent == Path("logs")


def test_logs_are_the_guides(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Through Python's logging, under the guide's module name."""
    caplog.set_level(logging.DEBUG)
    with codeagent.checkpoint_manager.CheckpointManager(tmp_path, lang="ru") as checkpoint:
        checkpoint.mark_server_start("20260118_103000")
    assert {record.name for record in caplog.records} == {"codeagent.checkpoint_manager"}
    assert "Сервер запущен. Сессия: 20260118_103000" in caplog.text


@pytest.mark.parametrize(
    "locale, line", [("ru_RU.UTF-8", "Чистый останов: да"), ("C", "Clean stop: yes"), ("de_DE", "Clean stop: yes")]
)
def test_the_language_is_the_environments(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, locale: str, line: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    caplog.set_level(logging.INFO)
    with codeagent.checkpoint_manager.CheckpointManager(tmp_path):
        pass
    assert line in caplog.text
