"""Resumable scripts: steps, the decorator, asyncio."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, List

import pytest
from conftest import Child, Make

from codeagent.aio import AsyncCheckpointManager
from codeagent.errors import CheckpointError


def test_a_step_runs_once(make: Make) -> None:
    ran: List[str] = []

    def work(what: str) -> Any:
        ran.append(what)
        return what, len(ran)

    step = make().steps("nightly")
    assert step("one", work, "a") == ["a", 1]  # as JSON gives it back, the first time too
    assert step("two", work, what="b") == ["b", 2]
    again = make().steps("nightly")
    assert again("one", work, "a") == ["a", 1] and again("two", work, "c") == ["b", 2]
    assert ran == ["a", "b"]
    assert "one" in again and "three" not in again
    assert make().steps("other")("one", work, "a") == ["a", 3]


def test_a_script_goes_on_where_it_was_killed(child: Child, tmp_path: Path) -> None:
    script = """
        import os, signal, sys
        from codeagent.checkpoint_manager import CheckpointManager
        step = CheckpointManager(".").steps()
        def work(number):
            with open("ran", "a") as file:
                file.write(f"{number} ")
            if not os.path.exists(f"dead{number}"):
                open(f"dead{number}", "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            return number * number
        print(sum(step(f"step{number}", work, number) for number in range(4)))
        """
    for number in range(4):
        assert child(script).wait(60) == -9
    last = child(script)
    assert last.communicate(timeout=60)[0] == "14\n"
    # Only the step that was under way is repeated.
    assert (tmp_path / "ran").read_text() == "0 0 1 1 2 2 3 3 "


def test_the_decorator_knows_calls_by_name_and_arguments(make: Make) -> None:
    checkpoint = make()
    ran: List[Any] = []

    @checkpoint.task
    def double(number: int, more: int = 0) -> int:
        """Doubles a number.

        And says so.
        """
        ran.append(number)
        return 2 * number + more

    @checkpoint.task("named", text="A name of its own")
    def other() -> None:
        ran.append("other")

    assert (double(1), double(number=1), double(2), double(1, more=1)) == (2, 2, 4, 3)
    assert (other(), other()) == (None, None)
    assert ran == [1, 2, 1, "other"]
    assert double.__name__ == "double"
    texts = [task["task_text"] for task in checkpoint.checkpoint_data["tasks"]]
    assert texts == ["Doubles a number."] * 3 + ["A name of its own"]
    with pytest.raises(TypeError):
        double(object())  # type: ignore[arg-type]


def test_names_with_dots_are_told_apart(make: Make) -> None:
    checkpoint = make()
    assert checkpoint.steps("a")("b.c", lambda: 1) == 1
    assert checkpoint.steps("a.b")("c", lambda: 2) == 2
    assert checkpoint.steps("a%2Eb")("c", lambda: 3) == 3
    assert "c" in checkpoint.steps("a.b") and "c" not in checkpoint.steps("a")


def test_functions_of_one_name_are_told_apart(make: Make) -> None:
    checkpoint = make()

    def made(module: str, answer: int) -> Callable[[], int]:
        def fetch() -> int:
            return answer

        fetch.__module__ = module
        return fetch

    assert checkpoint.task(made("one", 1))() == 1
    assert checkpoint.task(made("one", 2))() == 1  # defined again, as notebooks do
    with pytest.raises(ValueError, match="name of its own"):
        checkpoint.task(made("two", 3))
    assert checkpoint.task("two.fetch")(made("two", 3))() == 3


def test_a_failure_is_raised_and_tried_again(make: Make) -> None:
    checkpoint = make()
    problems: List[BaseException] = [KeyError("x"), KeyboardInterrupt()]

    def work() -> str:
        if problems:
            raise problems.pop(0)
        return "done"

    step = checkpoint.steps("s")
    with pytest.raises(KeyError):
        step("one", work)
    (failed,) = checkpoint.get_failed_tasks()
    assert (failed["task_id"], failed["error_message"], failed["attempts"]) == ("s.one", "KeyError: 'x'", 1)
    with pytest.raises(KeyboardInterrupt):
        step("one", work)
    task = checkpoint._find_task("s.one")
    assert task is not None and task["state"] == "pending"
    assert step("one", work) == "done"


def test_a_result_that_json_cannot_hold_is_a_failure(make: Make) -> None:
    checkpoint = make()
    with pytest.raises(TypeError):
        checkpoint.steps("s")("one", object)
    assert checkpoint.get_failed_tasks()[0]["error_message"].startswith("TypeError")


def test_a_result_that_was_cleared_is_not_made_up(make: Make) -> None:
    checkpoint = make()
    step = checkpoint.steps("s")
    assert step("one", lambda: 1) == 1
    checkpoint.clear_old_tasks(keep_last_n=0)
    with pytest.raises(CheckpointError, match=r"retry_task") as raised:
        step("one", lambda: 2)
    assert 'retry_task("s.one", "s: one")' in str(raised.value)
    checkpoint.retry_task("s.one", "s: one")
    assert step("one", lambda: 2) == 2


def test_a_step_inside_of_itself_is_refused(make: Make) -> None:
    step = make().steps("s")
    with pytest.raises(CheckpointError, match="in_progress"):
        step("one", lambda: step("one", lambda: 1))


def test_generators_are_refused(make: Make) -> None:
    with pytest.raises(TypeError):

        @make().task
        def numbers() -> Any:
            yield 1


def test_asyncio(tmp_path: Path) -> None:
    async def main() -> None:
        ran: List[str] = []

        async def fetch(what: str) -> str:
            ran.append(what)
            await asyncio.sleep(0)
            return what.upper()

        async with AsyncCheckpointManager(tmp_path, durability="batch") as checkpoint:
            await asyncio.gather(*(checkpoint.add_task(f"t{n}", f"Text {n}") for n in range(20)))
            await checkpoint.mark_task_start("t0")
            await checkpoint.mark_task_completed("t0", {"ok": True})
            assert (await checkpoint.get_statistics())["completed"] == 1
            step = checkpoint.manager.steps("a")
            both = await asyncio.gather(step("x", fetch, "x"), step("y", fetch, "y"))
            assert list(both) == ["X", "Y"]
            assert await step("x", fetch, "z") == "X"
            fetched = checkpoint.manager.task(fetch)
            assert [await fetched("w"), await fetched("w")] == ["W", "W"]
            assert sorted(ran) == ["w", "x", "y"]

            async def forever() -> None:
                await asyncio.Event().wait()

            waiting = asyncio.ensure_future(step("slow", forever))
            while (await checkpoint.get_statistics())["in_progress"] == 0:
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            task = checkpoint.manager._find_task("a.slow")
            assert task is not None and task["state"] == "pending"
        with pytest.raises(CheckpointError):
            await checkpoint.add_task("late", "Late")

    asyncio.run(main())


def test_a_step_cancelled_while_it_is_being_started_is_put_back(tmp_path: Path, monkeypatch: Any) -> None:
    async def main() -> None:
        async with AsyncCheckpointManager(tmp_path) as checkpoint:
            loop, cancelled = asyncio.get_running_loop(), threading.Event()
            find = checkpoint.manager._find_task

            def cancel() -> None:
                waiting.cancel()
                cancelled.set()

            def cancelled_meanwhile(task_id: str) -> Any:
                loop.call_soon_threadsafe(cancel)
                assert cancelled.wait(60)
                return find(task_id)

            monkeypatch.setattr(checkpoint.manager, "_find_task", cancelled_meanwhile)
            waiting = asyncio.ensure_future(checkpoint.manager.steps("a")("slow", asyncio.sleep, 0))
            with pytest.raises(asyncio.CancelledError):
                await waiting
            task = find("a.slow")
            assert task is not None and task["state"] == "pending"

    asyncio.run(main())


def test_a_result_is_stored_where_the_step_is_cancelled_before_a_thread_is_free(tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncCheckpointManager(tmp_path) as checkpoint:
            loop, free = asyncio.get_running_loop(), threading.Event()
            threads = ThreadPoolExecutor(1)
            loop.set_default_executor(threads)

            async def work() -> int:
                threads.submit(free.wait, 60)
                loop.call_soon(waiting.cancel)
                return 7

            waiting = asyncio.ensure_future(checkpoint.manager.steps("a")("slow", work))
            with pytest.raises(asyncio.CancelledError):
                await waiting
            task = checkpoint.manager._find_task("a.slow")
            free.set()
            assert task is not None and task["state"] == "completed" and task["result"] == 7

    asyncio.run(main())


def test_asyncio_has_every_call() -> None:
    from codeagent.checkpoint_manager import CheckpointManager

    extra = {"task", "steps"}  # on `.manager`: they take coroutine functions as they are
    for name in vars(CheckpointManager):
        if not name.startswith("_") and callable(getattr(CheckpointManager, name)) and name not in extra:
            assert asyncio.iscoroutinefunction(getattr(AsyncCheckpointManager, name, None)), name
