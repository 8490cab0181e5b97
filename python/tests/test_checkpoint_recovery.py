"""What the guide's own tests cover ("Тестирование"), under the guide's names."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import sys
from enum import Enum
from pathlib import Path

import pytest
from conftest import Child, Make

from codeagent.checkpoint_manager import CheckpointManager, TaskState
from codeagent.errors import CheckpointDamagedError, CheckpointTakenOverError

FILE = "data/.codeagent_checkpoint.json"


def test_initialization(make: Make, tmp_path: Path) -> None:
    checkpoint = make()
    assert checkpoint.project_dir == tmp_path
    assert checkpoint.checkpoint_file == tmp_path / FILE
    assert checkpoint.backup_file == tmp_path / (FILE + ".backup")
    assert checkpoint.checkpoint_file.exists()
    data = checkpoint.checkpoint_data
    assert data["version"] == "1.0"
    assert data["server_state"] == {
        "last_start_time": None,
        "last_stop_time": None,
        "iteration_count": 0,
        "clean_shutdown": True,
    }
    assert (data["tasks"], data["current_task"], data["session_id"]) == ([], None, None)


def test_task_states() -> None:
    assert issubclass(TaskState, Enum)
    assert [(state.name, state.value) for state in TaskState] == [
        ("PENDING", "pending"),
        ("IN_PROGRESS", "in_progress"),
        ("COMPLETED", "completed"),
        ("FAILED", "failed"),
        ("ROLLED_BACK", "rolled_back"),
    ]


def test_task_lifecycle(make: Make) -> None:
    checkpoint = make()
    checkpoint.mark_server_start("20260118_103000")
    checkpoint.add_task("task_001", "Реализовать функцию X", metadata={"priority": 1})
    task = checkpoint._find_task("task_001")
    assert task is not None
    assert {key: task[key] for key in task if key != "codeagent"} == {
        "task_id": "task_001",
        "task_text": "Реализовать функцию X",
        "state": TaskState.PENDING.value,
        "start_time": None,
        "end_time": None,
        "attempts": 0,
        "error_message": None,
        "metadata": {"priority": 1},
        "instruction_progress": {
            "last_completed_instruction": 0,
            "total_instructions": 0,
            "completed_instructions": [],
        },
    }
    checkpoint.mark_task_start("task_001")
    running = checkpoint.get_current_task()
    assert running is not None and running["state"] == "in_progress" and running["attempts"] == 1
    assert checkpoint.checkpoint_data["current_task"] == "task_001"
    checkpoint.mark_task_completed("task_001", result={"status": "ok"})
    task = checkpoint._find_task("task_001")
    assert task is not None and task["state"] == "completed" and task["result"] == {"status": "ok"}
    assert task["start_time"] <= task["end_time"]
    assert checkpoint.get_current_task() is None
    assert checkpoint.is_task_completed("Реализовать функцию X")
    assert checkpoint.get_incomplete_tasks() == []
    checkpoint.mark_server_stop(clean=True)
    assert checkpoint.was_clean_shutdown()


def test_crash_recovery(make: Make, child: Child, caplog: pytest.LogCaptureFixture) -> None:
    """A process dies in the middle of a task; the next goes on from there and says what it found."""
    crashed = child(
        """
        import os, signal
        from codeagent.checkpoint_manager import CheckpointManager
        checkpoint = CheckpointManager(".")
        checkpoint.mark_server_start("20260118_093000")
        for number in range(15):
            checkpoint.increment_iteration()
        checkpoint.add_task("task_1737187800", "Реализовать логирование")
        checkpoint.add_task("task_2", "Добавить тесты")
        checkpoint.add_task("task_3", "Обновить документацию")
        checkpoint.mark_task_start("task_1737187800")
        checkpoint.update_instruction_progress("task_1737187800", 2, 5)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert crashed.wait(60) == -9
    caplog.set_level(logging.INFO, "codeagent.checkpoint_manager")
    checkpoint = make(lang="ru")
    info = checkpoint.get_recovery_info()
    assert not info["was_clean_shutdown"]
    assert info["current_task"]["task_id"] == "task_1737187800"
    assert (info["incomplete_tasks_count"], info["failed_tasks_count"]) == (3, 0)
    assert (info["iteration_count"], info["session_id"]) == (15, "20260118_093000")
    caplog.clear()
    assert checkpoint.recover() == info
    rule = "=" * 80
    began = info["current_task"]["start_time"]
    assert [f"{record.levelname} - {record.getMessage()}" for record in caplog.records] == [
        f"WARNING - {rule}",
        "WARNING - ОБНАРУЖЕН НЕКОРРЕКТНЫЙ ОСТАНОВ СЕРВЕРА",
        f"WARNING - {rule}",
        f"WARNING - Последний запуск: {info['last_start_time']}",
        "WARNING - Последний останов: None",
        "WARNING - Сессия: 20260118_093000",
        "WARNING - Итераций выполнено: 15",
        "WARNING - Прерванная задача: Реализовать логирование",
        "WARNING -   - ID: task_1737187800",
        "WARNING -   - Попыток: 1",
        f"WARNING -   - Начало: {began}",
        "INFO - Прерванная задача сброшена для повторного выполнения",
        "WARNING - Незавершенных задач: 3",
        "WARNING -   - Добавить тесты (состояние: pending)",
        "WARNING -   - Обновить документацию (состояние: pending)",
        f"WARNING - {rule}",
        "INFO - Сервер продолжит работу с последней контрольной точки",
        f"WARNING - {rule}",
    ]
    task = checkpoint._find_task("task_1737187800")
    assert task is not None and task["state"] == "pending"
    assert task["instruction_progress"]["last_completed_instruction"] == 2
    assert checkpoint.get_current_task() is None


def test_reset_interrupted_task(make: Make) -> None:
    checkpoint = make()
    checkpoint.add_task("a", "A")
    checkpoint.mark_task_start("a")
    checkpoint.update_instruction_progress("a", 1, 3)
    checkpoint.reset_interrupted_task()
    task = checkpoint._find_task("a")
    assert task is not None and task["state"] == "pending" and task["attempts"] == 1
    assert checkpoint.get_instruction_progress("a") == {
        "last_completed_instruction": 1,
        "total_instructions": 3,
        "completed_instructions": [1],
    }
    assert checkpoint.get_instruction_progress("nobody") is None


def test_duplicate_protection(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    checkpoint = make()
    checkpoint.add_task("a", "A")
    caplog.clear()
    checkpoint.add_task("a", "another text")
    checkpoint.mark_task_start("nobody")
    checkpoint.mark_task_completed("nobody")
    checkpoint.mark_task_failed("nobody", "why")
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 4
    assert checkpoint.get_statistics()["total_tasks"] == 1
    assert checkpoint.checkpoint_data["tasks"][0]["task_text"] == "A"


def test_completed_never_runs_again(make: Make) -> None:
    checkpoint = make()
    checkpoint.add_task("a", "A")
    checkpoint.mark_task_start("a")
    checkpoint.mark_task_completed("a")
    checkpoint.mark_task_start("a")
    task = checkpoint._find_task("a")
    assert task is not None and task["state"] == "completed" and task["attempts"] == 1


def test_retries(make: Make) -> None:
    checkpoint = make()
    checkpoint.add_task("a", "A")
    for attempt in range(1, 4):
        assert checkpoint.should_retry_task("a")
        checkpoint.mark_task_start("a")
        checkpoint.mark_task_failed("a", f"Ошибка {attempt}")
        (failed,) = checkpoint.get_failed_tasks()
        assert (failed["attempts"], failed["error_message"]) == (attempt, f"Ошибка {attempt}")
    assert not checkpoint.should_retry_task("a")
    assert checkpoint.should_retry_task("a", max_attempts=4)
    assert not checkpoint.should_retry_task("nobody")
    assert checkpoint.should_retry_task("a", max_attempts=sys.maxsize)
    assert not checkpoint.should_retry_task("a", max_attempts=-1)
    checkpoint.retry_task("a")
    assert checkpoint.should_retry_task("a")


def test_start_and_end_task(make: Make) -> None:
    checkpoint = make()
    checkpoint.start_task({"text": "A"}, "a")
    checkpoint.end_task("a", success=True)
    checkpoint.start_task("B", task_id="b")
    checkpoint.end_task("b", False, "why")
    states = {task["task_id"]: (task["task_text"], task["state"]) for task in checkpoint.checkpoint_data["tasks"]}
    assert states == {"a": ("A", "completed"), "b": ("B", "failed")}
    assert checkpoint.get_failed_tasks()[0]["error_message"] == "why"
    for nothing in (None, 7, {"title": "C"}):
        with pytest.raises(TypeError, match="todo_item"):
            checkpoint.start_task(nothing, "c")
    assert checkpoint._find_task("c") is None


def test_a_failure_without_a_message_has_none(make: Make) -> None:
    checkpoint = make()
    checkpoint.start_task("A", "a")
    checkpoint.mark_task_failed("a", None)
    assert checkpoint.get_failed_tasks()[0]["error_message"] == ""


def test_numbers_out_of_range(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    checkpoint = make()
    checkpoint.start_task("A", "a")
    for step, total in ((-1, 3), (10**30, 10**30), (1, -1)):
        caplog.clear()
        checkpoint.update_instruction_progress("a", step, total)
        assert "There is no step" in caplog.text
    progress = checkpoint.get_instruction_progress("a")
    assert progress is not None and progress["completed_instructions"] == []
    checkpoint.mark_task_completed("a")
    checkpoint.clear_old_tasks(keep_last_n=10**30)
    with pytest.raises(ValueError, match="keep_last_n"):
        checkpoint.clear_old_tasks(keep_last_n=-1)
    assert checkpoint.get_statistics()["completed"] == 1


def test_a_copy_is_refused_in_plain_words(make: Make) -> None:
    checkpoint = make()
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="CheckpointManager cannot be copied or pickled"):
            take(checkpoint)


def test_a_file_in_the_former_place_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The Python implementation's default lay in the project folder itself."""
    former = tmp_path / ".codeagent_checkpoint.json"
    CheckpointManager(tmp_path, checkpoint_file=former.name).close()
    caplog.clear()
    CheckpointManager(tmp_path).close()
    (told,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert str(former) in told and 'checkpoint_file=".codeagent_checkpoint.json"' in told
    caplog.clear()
    CheckpointManager(tmp_path).close()
    CheckpointManager(tmp_path, checkpoint_file="data/other.json").close()
    assert [record for record in caplog.records if record.levelno == logging.WARNING] == []


def test_statistics(make: Make) -> None:
    checkpoint = make()
    checkpoint.mark_server_start("s")
    checkpoint.increment_iteration()
    for name in "abcde":
        checkpoint.add_task(name, f"Task {name}")
    for name in "abcd":
        checkpoint.mark_task_start(name)
    checkpoint.mark_task_completed("a")
    checkpoint.mark_task_failed("b", "why")
    checkpoint.rollback_task("c")
    assert checkpoint.get_statistics() == {
        "total_tasks": 5,
        "completed": 1,
        "failed": 1,
        "in_progress": 1,
        "pending": 1,
        "rolled_back": 1,
        "pruned": 0,
        "iteration_count": 1,
        "session_id": "s",
    }
    assert checkpoint.get_iteration_count() == 1


def test_clear_old_tasks(make: Make) -> None:
    checkpoint = make()
    for number in range(10):
        checkpoint.add_task(f"t{number}", f"Text {number}")
        checkpoint.mark_task_start(f"t{number}")
        checkpoint.mark_task_completed(f"t{number}")
    checkpoint.add_task("open", "Open")
    checkpoint.clear_old_tasks(keep_last_n=3)
    assert [task["task_id"] for task in checkpoint.checkpoint_data["tasks"]] == ["t7", "t8", "t9", "open"]
    # What left the file is still known as done.
    assert checkpoint.is_task_completed("Text 0")
    checkpoint.add_task("t0", "Text 0")
    assert checkpoint._find_task("t0") is None
    assert checkpoint.get_statistics()["pruned"] == 7


def test_backup_recovery(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """The guide, "Сценарий 3"."""
    checkpoint = make()
    checkpoint.add_task("a", "A")
    checkpoint.mark_task_start("a")
    checkpoint.mark_task_completed("a", result={"n": 1})
    checkpoint.close()
    checkpoint.checkpoint_file.write_text('{"version": "1.0", "tasks": [')
    caplog.clear()
    caplog.set_level(logging.INFO)
    restored = make(lang="ru")
    task = restored._find_task("a")
    assert task is not None and task["state"] == "completed" and task["result"] == {"n": 1}
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert lines[0][0] == "ERROR" and lines[0][1].startswith("Ошибка загрузки checkpoint: ")
    assert lines[1:3] == [
        ("INFO", "Попытка восстановления из backup файла"),
        ("INFO", "Успешно восстановлено из backup"),
    ]
    aside = [path.name for path in checkpoint.checkpoint_file.parent.iterdir() if "damaged" in path.name]
    assert aside == [".codeagent_checkpoint.json.damaged-1"]


def test_both_files_damaged(make: Make) -> None:
    checkpoint = make()
    checkpoint.add_task("a", "A")
    checkpoint.close()
    for path in (checkpoint.checkpoint_file, checkpoint.backup_file):
        path.write_bytes(b"\0" * 100)
    before = {path: path.read_bytes() for path in checkpoint.checkpoint_file.parent.iterdir()}
    with pytest.raises(CheckpointDamagedError, match="damaged beyond automatic repair") as raised:
        make()
    files = {path for path, _ in raised.value.files}
    assert {checkpoint.checkpoint_file, checkpoint.backup_file} <= files
    after = {path: path.read_bytes() for path in checkpoint.checkpoint_file.parent.iterdir()}
    assert after == before


def test_reset_by_removing_both(make: Make) -> None:
    """The guide, "Сброс checkpoint"."""
    checkpoint = make()
    checkpoint.add_task("a", "A")
    checkpoint.close()
    checkpoint.checkpoint_file.unlink()
    checkpoint.backup_file.unlink()
    assert make().get_statistics()["total_tasks"] == 0


def test_a_file_of_the_python_implementation(make: Make, tmp_path: Path) -> None:
    """Opened as it is; what others wrote survives."""
    document = {
        "version": "1.0",
        "server_state": {
            "last_start_time": "2026-01-18T10:30:00.254894",
            "last_stop_time": None,
            "iteration_count": 42,
            "clean_shutdown": False,
            "theirs": 1,
        },
        "tasks": [
            {
                "task_id": "task_001",
                "task_text": "Реализовать функцию X",
                "state": "completed",
                "start_time": "2026-01-18T10:31:00",
                "end_time": "2026-01-18T10:35:00",
                "attempts": 1,
                "error_message": None,
                "metadata": {"n": float("nan")},
                "mine": [1, 2],
            }
        ],
        "current_task": None,
        "session_id": "20260118_103000",
        "last_update": "2026-01-18T12:45:00",
        "more": {"x": "ё"},
    }
    (tmp_path / "data").mkdir()
    (tmp_path / FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    checkpoint = make()
    checkpoint.increment_iteration()
    data = checkpoint.checkpoint_data
    assert data["server_state"]["theirs"] == 1 and data["more"] == {"x": "ё"}
    assert data["tasks"][0]["mine"] == [1, 2] and data["server_state"]["iteration_count"] == 43
    assert data["tasks"][0]["metadata"]["n"] != data["tasks"][0]["metadata"]["n"]
    checkpoint.close()
    # And the file is one that they can read.
    again = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert again["tasks"][0]["task_id"] == "task_001" and again["server_state"]["iteration_count"] == 43


@pytest.mark.parametrize(
    "text",
    ["Ёлка 🎄 中文 \u202e", "кавычки \" \\ / и\tтабуляция\nстрока", "\x00\x1f\x7f", "\ue000𐍈" * 100, "a" * 100_000],
)
def test_unicode(make: Make, text: str) -> None:
    checkpoint = make()
    checkpoint.add_task("id " + text[:50], text, metadata={text: [text, None, 1.5, True]})
    checkpoint.mark_task_start("id " + text[:50])
    checkpoint.mark_task_failed("id " + text[:50], text)
    checkpoint.close()
    (task,) = make().get_failed_tasks()
    assert (task["task_text"], task["error_message"]) == (text, text)
    assert task["metadata"] == {text: [text, None, 1.5, True]}


def test_what_json_cannot_hold_is_refused_before_anything_changes(make: Make) -> None:
    checkpoint = make()
    with pytest.raises(TypeError):
        checkpoint.add_task("a", "A", metadata={"x": object()})
    with pytest.raises(TypeError, match="metadata must be a dict, not list"):
        checkpoint.add_task("a", "A", metadata=["no", "object"])  # type: ignore[arg-type]
    assert checkpoint._find_task("a") is None
    checkpoint.add_task("a", "A", metadata={"lone": "\ud800"})
    task = checkpoint._find_task("a")
    assert task is not None and task["metadata"] == {"lone": "\ud800"}


def test_dicts_are_copies(make: Make) -> None:
    checkpoint = make()
    checkpoint.add_task("a", "A", metadata={"x": [1]})
    checkpoint.checkpoint_data["tasks"][0]["metadata"]["x"].append(2)
    task = checkpoint._find_task("a")
    assert task is not None
    task["state"] = "completed"
    assert checkpoint.checkpoint_data["tasks"][0]["metadata"] == {"x": [1]}
    assert checkpoint.get_incomplete_tasks()[0]["state"] == "pending"


def test_absolute_paths_and_strings(tmp_path: Path) -> None:
    with CheckpointManager(str(tmp_path), checkpoint_file=str(tmp_path / "x" / "own.json")) as checkpoint:
        assert checkpoint.checkpoint_file == tmp_path / "x" / "own.json"
        assert checkpoint.checkpoint_file.exists()


def test_the_block_says_good_bye(tmp_path: Path) -> None:
    with CheckpointManager(tmp_path) as checkpoint:
        checkpoint.mark_server_start("s")
        checkpoint.add_task("a", "A")
    data = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert data["server_state"]["clean_shutdown"] is True and len(data["tasks"]) == 1
    with pytest.raises(KeyError):
        with CheckpointManager(tmp_path) as checkpoint:
            raise KeyError("x")
    with pytest.raises(KeyboardInterrupt):
        with CheckpointManager(tmp_path) as checkpoint:
            assert not checkpoint.was_clean_shutdown()
            checkpoint.start_task("A", "a")
            raise KeyboardInterrupt
    with CheckpointManager(tmp_path) as checkpoint:
        assert checkpoint.was_clean_shutdown()
        assert checkpoint.get_statistics()["in_progress"] == 1
        checkpoint.recover()
        assert checkpoint.get_statistics()["pending"] == 1


def test_what_leaves_the_block_is_its_own_exception(tmp_path: Path) -> None:
    """Also where the end of the block fails."""
    with pytest.raises(KeyError):
        with CheckpointManager(tmp_path):
            newer = CheckpointManager(tmp_path)
            raise KeyError("x")
    with pytest.raises(CheckpointTakenOverError):
        with CheckpointManager(tmp_path):
            newer = CheckpointManager(tmp_path)
    newer.close()


def test_paths_are_meant_from_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint = CheckpointManager(".")
    reader = CheckpointManager(".", read_only=True)
    monkeypatch.chdir("/")
    checkpoint.add_task("a", "A")
    assert reader.get_statistics()["total_tasks"] == 1
    checkpoint.close()
    assert (tmp_path / FILE).exists()


