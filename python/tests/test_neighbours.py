"""SessionTracker, StatusManager, TaskLogger, TODO list ("Интеграция с другими компонентами")."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from codeagent.session_tracker import SessionTracker
from codeagent.status_manager import StatusManager
from codeagent.task_logger import TaskLogger
from codeagent.todo_manager import TodoManager


def test_session_tracker(tmp_path: Path) -> None:
    tracker = SessionTracker(tmp_path)
    assert re.fullmatch(r"\d{8}_\d{6}", tracker.current_session_id)
    assert tracker.can_generate_todo(max_generations=1)
    record = tracker.record_generation("todo/GENERATED_x.md", 3, metadata={"why": "ё"})
    assert (record["session_id"], record["task_count"]) == (tracker.current_session_id, 3)
    assert not tracker.can_generate_todo(max_generations=1)
    assert tracker.get_current_session_generation_count() == 1
    document = json.loads((tmp_path / ".codeagent_sessions.json").read_text(encoding="utf-8"))
    assert document == tracker.session_data
    assert document["total_generations"] == 1 and document["sessions"][0]["generations"] == [record]
    assert tracker.get_session_statistics()["total_generations_all_time"] == 1
    assert SessionTracker(tmp_path).current_session_id != tracker.current_session_id


def test_a_damaged_sessions_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".codeagent_sessions.json").write_text("{")
    SessionTracker(tmp_path).record_generation("x", 1)
    assert (tmp_path / ".codeagent_sessions.json.damaged-1").read_text() == "{"
    assert "set aside" in caplog.text


def test_status_manager(tmp_path: Path) -> None:
    status = StatusManager(tmp_path / "status.md", lang="ru")
    assert status.read_status() == ""
    status.append_status("Восстановление после сбоя. Незавершенных задач: 3", level=2)
    status.append_status("строка", level=0)
    status.update_task_status("Задача", "Выполнено", details="3 с")
    status.update_server_status("остановлен")
    text = status.read_status()
    assert text.startswith("# Статус проекта\n\n## История выполнения\n")
    assert "\n## Восстановление после сбоя. Незавершенных задач: 3\n" in text
    assert re.search(r"^- \d{4}-\d\d-\d\d \d\d:\d\d:\d\d - строка$", text, re.MULTILINE)
    assert "**Выполнено**: Задача (3 с)" in text
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        StatusManager(tmp_path / "folder").append_status("x")


def test_task_logger(tmp_path: Path) -> None:
    with TaskLogger("task_1", "Do it\nwell", log_dir=tmp_path / "logs") as log:
        log.log_info("started")
        log.log_warning("password=hunter2hunter2")
        log.log_error("failed", exception=ValueError("why"))
        path = log.log_file
    assert re.fullmatch(r"task_task_1_\d{8}_\d{6}\.log", path.name)
    text = path.read_text()
    assert "Do it" in text and "task_1" in text
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - INFO - started$", text, re.MULTILINE)
    assert "ERROR - failed: ValueError: why" in text
    assert "hunter2" not in text
    for number in range(25):
        TaskLogger(f"n{number}", "x", tmp_path / "logs").close()
    assert len(list((tmp_path / "logs").iterdir())) == 20


def test_todo_manager(tmp_path: Path) -> None:
    path = tmp_path / "todo.md"
    before = "# Проект\n\nПроза.\n\n- [ ] Первая\n  - [ ] Вложенная <!-- id: inner -->\n- [x] Готовая\n- [-] Лишняя\n"
    path.write_text(before, encoding="utf-8")
    todo = TodoManager(tmp_path)
    assert todo.todo_file == path
    assert [(item.text, item.level, item.done, item.skipped) for item in todo.get_all_tasks()] == [
        ("Первая", 0, False, False),
        ("Вложенная", 1, False, False),
        ("Готовая", 0, True, False),
        ("Лишняя", 0, False, True),
    ]
    first, inner = todo.get_pending_tasks()
    assert inner.parent is first and first.children == [inner] and inner.task_id == "inner"
    assert (inner.file, inner.line) == (path, 6)
    assert todo.mark_task_done("Первая", comment="сделано")
    assert todo.mark_task_skipped("inner")
    assert not todo.mark_task_done("Нет такой")
    after = path.read_text(encoding="utf-8")
    assert re.search(r"^- \[x\] Первая <!-- сделано - \d{4}-\d\d-\d\d \d\d:\d\d:\d\d -->$", after, re.MULTILINE)
    assert "  - [-] Вложенная <!-- id: inner -->" in after and after.startswith("# Проект\n\nПроза.\n")
    assert todo.get_task_hierarchy() == {"total": 4, "pending": 0, "completed": 2, "skipped": 2}


def test_a_bad_list_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "todo.yaml").write_text("tasks: [")
    with pytest.raises(ValueError, match="todo.yaml"):
        TodoManager(tmp_path, todo_format="yaml")
    (tmp_path / "todo.yaml").unlink()
    (tmp_path / "todo.txt").write_text("x" * 100)
    with pytest.raises(ValueError, match="todo.txt"):
        TodoManager(tmp_path, todo_format="txt", max_file_size=10)
