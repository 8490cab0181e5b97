"""Several managers: threads, processes, forks, and a server beside."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, List

import pytest
from conftest import Child, Make, line_of

from codeagent.checkpoint_manager import CheckpointManager
from codeagent.errors import (
    CheckpointClosedError,
    CheckpointIOError,
    CheckpointLockedError,
    CheckpointReadOnlyError,
    CheckpointTakenOverError,
)

HOLDER = """
from codeagent.checkpoint_manager import CheckpointManager
checkpoint = CheckpointManager(".")
checkpoint.mark_server_start("s")
checkpoint.start_task("A", "a")
print("open", flush=True)
input()
"""


def binary() -> Path:
    """The server, built by `cargo xtask test`."""
    built = Path(__file__).parents[2] / "target" / "debug" / "codeagent"
    path = Path(os.environ.get("CODEAGENT_BINARY", built))
    assert path.exists(), f"{path} is missing: cargo build --package codeagent"
    return path


def test_another_process_is_refused_and_may_read(make: Make, child: Child) -> None:
    holder = child(HOLDER)
    assert line_of(holder) == "open"
    with pytest.raises(CheckpointLockedError) as raised:
        make()
    assert raised.value.pid == holder.pid and str(holder.pid) in str(raised.value)
    reader = make(read_only=True)
    assert reader.get_statistics()["in_progress"] == 1
    assert reader.get_recovery_info()["current_task"]["task_id"] == "a"
    writes: List[Callable[[], None]] = [
        lambda: reader.add_task("b", "B"),
        reader.mark_server_stop,
        reader.reset_interrupted_task,
        lambda: reader.clear_old_tasks(0),
    ]
    for write in writes:
        with pytest.raises(CheckpointReadOnlyError):
            write()
    with reader:
        pass
    with pytest.raises(CheckpointClosedError):
        reader.get_statistics()
    holder.kill()
    holder.wait()
    assert make().get_statistics()["in_progress"] == 1


def test_reading_what_is_not_there(make: Make) -> None:
    with pytest.raises(CheckpointIOError) as raised:
        make(read_only=True)
    assert raised.value.errno == 2
    make().close()
    reader = make(read_only=True)
    assert reader.get_statistics()["total_tasks"] == 0


def test_a_newer_manager_takes_over(make: Make) -> None:
    older = make()
    older.add_task("a", "A")
    newer = make()
    assert newer.get_statistics()["total_tasks"] == 1
    with pytest.raises(CheckpointTakenOverError):
        older.add_task("b", "B")
    newer.add_task("b", "B")
    older.close()
    older.close()
    newer.add_task("c", "C")
    assert newer.get_statistics()["total_tasks"] == 3


def test_closed_is_closed(make: Make) -> None:
    checkpoint = make()
    checkpoint.close()
    with pytest.raises(CheckpointClosedError):
        checkpoint.add_task("a", "A")
    with pytest.raises(CheckpointClosedError):
        checkpoint.get_statistics()


@pytest.mark.parametrize("durability", ["sync", "batch"])
def test_sixteen_threads(make: Make, durability: str) -> None:
    checkpoint = make(durability=durability)
    checkpoint.add_task("contested", "Contested")
    failures: List[BaseException] = []
    start = threading.Barrier(16)

    def work(thread: int) -> None:
        try:
            start.wait(60)
            checkpoint.mark_task_start("contested")
            for number in range(20):
                task = f"{thread}.{number}"
                checkpoint.add_task(task, f"Task {task}", metadata={"thread": thread})
                checkpoint.mark_task_start(task)
                checkpoint.mark_task_completed(task, result={"number": number})
                found = checkpoint._find_task(task)
                assert found is not None and found["state"] == "completed"
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    checkpoint.close()
    again = make()
    statistics = again.get_statistics()
    assert (statistics["completed"], statistics["in_progress"]) == (320, 1)
    contested = again._find_task("contested")
    assert contested is not None and contested["attempts"] == 1
    results = {task["task_id"]: task.get("result") for task in again.checkpoint_data["tasks"]}
    assert all(results[f"{t}.{n}"] == {"number": n} for t in range(16) for n in range(20))


def test_other_threads_run_while_one_waits(tmp_path: Path) -> None:
    """One thread waits for a lock that this one holds: did it keep the interpreter, nobody could let go of it."""
    CheckpointManager(tmp_path).close()
    path = tmp_path / "data" / ".codeagent_checkpoint.lock"
    boot = Path("/proc/sys/kernel/random/boot_id")
    boot_id = boot.read_text().strip() if boot.exists() else "none"
    opened: List[CheckpointManager] = []
    with open(path, "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        # "For a moment": whoever comes waits for it.
        lock.write(f"pid {os.getppid()}\nhost x\nkind command\nboot_id {boot_id}\n")
        lock.flush()
        thread = threading.Thread(target=lambda: opened.append(CheckpointManager(tmp_path)))
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(60)
    assert len(opened) == 1
    opened[0].close()


def test_a_forked_child_is_told(make: Make) -> None:
    checkpoint = make()
    checkpoint.add_task("a", "A")
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        names = []
        for call in (checkpoint.get_statistics, lambda: checkpoint.mark_task_start("a"), checkpoint.close, make):
            try:
                call()
                names.append("nothing")
            except BaseException as error:
                names.append(type(error).__name__)
        os.write(tell, " ".join(names).encode())
        os._exit(0)
    os.close(tell)
    with open(told) as pipe:
        heard = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    assert heard == "CheckpointForkedError CheckpointForkedError nothing CheckpointLockedError"
    checkpoint.mark_task_start("a")
    assert checkpoint.get_statistics()["in_progress"] == 1


def test_forked_children_do_not_keep_the_lock(make: Make, child: Child) -> None:
    """Forks in the midst of the work of many threads; the children live on, the parent dies."""
    parent = child(
        """
        import os, threading
        from codeagent.checkpoint_manager import CheckpointManager
        checkpoint = CheckpointManager(".")
        checkpoint.add_task("first", "First")
        def work(thread):
            for number in range(10**9):
                checkpoint.add_task(f"{thread}.{number}", "Text")
        for thread in range(8):
            threading.Thread(target=work, args=(thread,), daemon=True).start()
        for number in range(20):
            pid = os.fork()
            if pid == 0:
                os.read(0, 1)  # until the test is over
                os._exit(0)
            print(pid, flush=True)
        threading.Event().wait()
        """
    )
    pids = [int(line_of(parent)) for _ in range(20)]
    parent.kill()
    parent.wait()
    assert make()._find_task("first") is not None
    for pid in pids:
        os.kill(pid, 0)


def test_beside_a_running_server(make: Make, tmp_path: Path) -> None:
    (tmp_path / "todo.md").write_text("- [ ] Первая задача\n- [ ] Вторая задача\n")
    serve = [str(binary()), "serve", "--project", str(tmp_path), "--exec", "true"]
    environment = {**os.environ, "CODEAGENT_SERVER__TASK_DELAY": "0", "CODEAGENT_SERVER__HTTP_ENABLED": "false"}
    with subprocess.Popen(serve, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + 120
            while not is_done(tmp_path):
                assert server.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
            with pytest.raises(CheckpointLockedError) as raised:
                make()
            assert raised.value.pid == server.pid
            reader = make(read_only=True)
            assert reader.is_task_completed("Первая задача")
            assert not reader.was_clean_shutdown()
        finally:
            server.send_signal(signal.SIGTERM)
    checkpoint = make()
    assert checkpoint.was_clean_shutdown()
    assert [task["state"] for task in checkpoint.checkpoint_data["tasks"]] == ["completed", "completed"]


def is_done(project: Path) -> bool:
    try:
        with CheckpointManager(project, read_only=True) as reader:
            return bool(reader.get_statistics()["completed"] == 2)
    except CheckpointIOError as error:
        assert error.errno == 2  # not there yet
        return False
