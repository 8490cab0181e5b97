"""Child interpreters killed with SIGKILL at random points: nothing that was acknowledged is lost, nothing runs twice."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Dict, List

import pytest
from conftest import Child, Make, line_of

from codeagent.checkpoint_manager import CheckpointManager
from codeagent.errors import CheckpointIOError

#: Goes through tasks without an end and says each call that returned.
WORKER = """
import os
from codeagent.checkpoint_manager import CheckpointManager
def say(*words):
    os.write(1, (" ".join(words) + "\\n").encode())  # whole, or not at all
checkpoint = CheckpointManager(".", durability={durability!r})
checkpoint.reset_interrupted_task()
number = checkpoint.get_statistics()["total_tasks"]
while True:
    task = f"t{{number}}"
    checkpoint.add_task(task, f"Задача {{number}}")
    say("pending", task)
    checkpoint.mark_task_start(task)
    say("in_progress", task)
    if number % 7 == 3:
        checkpoint.mark_task_failed(task, "planned")
        say("failed", task)
    else:
        checkpoint.mark_task_completed(task, result={{"number": number}})
        say("completed", task)
    number += 1
"""

#: What a state may have become by the one call that was not answered any more.
NEXT = {"pending": {"in_progress"}, "in_progress": {"completed", "failed"}}


@pytest.mark.parametrize("durability", ["sync", "batch"])
def test_killed_at_random_points(tmp_path: Path, child: Child, durability: str) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    acknowledged: Dict[str, str] = {}
    for round_number in range(8):
        process = child(WORKER.format(durability=durability))
        lines: List[str] = [line_of(process) for _ in range(dice.randrange(1, 60))]
        time.sleep(dice.random() * 0.01)
        process.kill()
        assert process.stdout is not None
        lines += process.stdout.read().splitlines()
        process.wait()
        for line in lines:
            state, _, task_id = line.partition(" ")
            acknowledged[task_id] = state
        told = f"seed {seed}, round {round_number}"
        with CheckpointManager(tmp_path, read_only=True) as checkpoint:
            found = {task["task_id"]: task for task in checkpoint.checkpoint_data["tasks"]}
            attempts = {task_id: task["attempts"] for task_id, task in found.items()}
        states = {task_id: task["state"] for task_id, task in found.items()}
        changed = {task_id for task_id in states if states[task_id] != acknowledged.get(task_id)}
        assert acknowledged.keys() <= states.keys(), told
        assert len(changed) <= 1, (told, changed)
        for task_id in changed:
            before = acknowledged.get(task_id)
            assert states[task_id] in (NEXT.get(before, set()) if before else {"pending"}), (told, task_id)
        assert set(attempts.values()) <= {0, 1}, told
        # What the next process finds, and puts back before it goes on.
        acknowledged = {task_id: "pending" if s == "in_progress" else s for task_id, s in states.items()}
    assert len(acknowledged) > 8


def test_a_full_disk_is_an_error_and_latches(make: Make, child: Child, tmp_path: Path) -> None:
    make().close()
    limited = child(
        """
        import errno, resource
        from codeagent.checkpoint_manager import CheckpointManager
        from codeagent.errors import CheckpointError, CheckpointIOError
        checkpoint = CheckpointManager(".")
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        saved = 0
        try:
            while True:
                checkpoint.add_task(f"t{saved}", "x" * 1000)
                saved += 1
        except CheckpointIOError as error:
            assert isinstance(error, OSError) and error.errno == errno.EFBIG and error.filename, error
        for call in (checkpoint.get_statistics, lambda: checkpoint.add_task("more", "More"), checkpoint.close):
            try:
                call()
            except CheckpointIOError as error:
                assert error.errno == errno.EFBIG
            else:
                raise SystemExit("went on after a failed write")
        print(saved)
        """
    )
    saved = int(line_of(limited))
    assert limited.wait(60) == 0
    # One more may be there: it was written in part, or whole, and never acknowledged.
    assert saved <= make().get_statistics()["total_tasks"] <= saved + 1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(CheckpointIOError) as raised:
        CheckpointManager(tmp_path)
    assert raised.value.filename is not None


def test_batch_waits_for_its_delay_or_a_flush(make: Make) -> None:
    checkpoint = make(durability="batch", batch_ms=3_600_000)
    folder = checkpoint.checkpoint_file.parent
    marks = {path: path.read_bytes() for path in folder.glob("*.mark-*")}
    checkpoint.flush()
    assert {path: path.read_bytes() for path in marks} == marks  # nothing was owed
    checkpoint.add_task("a", "A")
    checkpoint.flush()
    assert {path: path.read_bytes() for path in folder.glob("*.mark-*")} != marks


def test_durability_is_one_of_two(make: Make) -> None:
    with pytest.raises(ValueError, match="sync"):
        make(durability="none")


