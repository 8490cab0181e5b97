"""Transitions per second with more and more tasks in the file: ours, and an implementation that rewrites its JSON.

    cargo xtask python --bench [--seconds 1] [--rounds 5] [--json FILE]

or, with the package installed, ``python python/bench/transitions.py``.

A transition is a ``mark_task_start`` or a ``mark_task_failed`` of one task beside N others. All variants take turns,
round by round, so that what the machine does meanwhile meets all of them; shown is the median of the rounds.

* rewriting: a stand-in for the Python implementation: a dict, and at each transition the file copied to the backup and
  written anew, in place, without a sync. A power cut may take any of it, and a kill in the midst leaves half a file.
* rewriting, synced: the same with an fsync, which is the least that a durable one could do.
* batch, sync: ``CheckpointManager`` with that durability.
* Rust: the same calls on the core itself (`cargo build --release --package codeagent-checkpoint --example manager_speed`).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from codeagent import _native
from codeagent.checkpoint_manager import CheckpointManager

ROOT = Path(__file__).parents[2]
MEASURED = "measured"


class Rewriting:
    """A dict, and a file that is written anew at each transition."""

    def __init__(self, path: Path, synced: bool) -> None:
        self.path = path
        self.synced = synced
        self.data: Dict[str, Any] = {"version": "1.0", "server_state": {}, "tasks": [], "current_task": None}

    def add_task(self, task_id: str, task_text: str) -> None:
        self.data["tasks"].append(
            {
                "task_id": task_id,
                "task_text": task_text,
                "state": "pending",
                "start_time": None,
                "end_time": None,
                "attempts": 0,
                "error_message": None,
                "metadata": {},
            }
        )

    def mark_task_start(self, task_id: str) -> None:
        task = self.find(task_id)
        task.update(state="in_progress", start_time=datetime.now().isoformat(), attempts=task["attempts"] + 1)
        self.data["current_task"] = task_id
        self.save()

    def mark_task_failed(self, task_id: str, error_message: str) -> None:
        task = self.find(task_id)
        task.update(state="failed", end_time=datetime.now().isoformat(), error_message=error_message)
        self.data["current_task"] = None
        self.save()

    def find(self, task_id: str) -> Dict[str, Any]:
        return next(task for task in self.data["tasks"] if task["task_id"] == task_id)

    def save(self) -> None:
        if self.path.exists():
            shutil.copy2(self.path, self.path.with_name(self.path.name + ".backup"))
        self.data["last_update"] = datetime.now().isoformat()
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.data, file, indent=2, ensure_ascii=False)
            if self.synced:
                file.flush()
                os.fsync(file.fileno())


Round = Callable[[float], float]


def round_of(checkpoint: Any) -> Round:
    """One round: transitions for so many seconds; how many a second."""

    def run(seconds: float) -> float:
        began = time.perf_counter()
        count = 0
        while True:
            checkpoint.mark_task_start(MEASURED)
            checkpoint.mark_task_failed(MEASURED, "planned")
            count += 2
            elapsed = time.perf_counter() - began
            if elapsed >= seconds:
                return count / elapsed

    return run


def fill(checkpoint: Any, tasks: int) -> None:
    for number in range(tasks):
        checkpoint.add_task(f"task_{number:06}", f"Task number {number} of many")
    checkpoint.add_task(MEASURED, "The one that is measured")


class Rust:
    """The core's own measurement, as a process that gives one round at a time."""

    def __init__(self, binary: Path, folder: Path, tasks: int, seconds: float) -> None:
        command = [str(binary), str(folder), str(tasks), str(seconds)]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.said() == "ready"

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def round(self, _seconds: float) -> float:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.said())

    def close(self) -> None:
        self.process.communicate(timeout=60)


def rust_binary() -> Optional[Path]:
    """Built now, where there is a toolchain."""
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    build = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "codeagent-checkpoint"]
    try:
        subprocess.run([*build, "--example", "manager_speed"], cwd=ROOT, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return target / "release" / "examples" / "manager_speed"


def measure(tasks: int, folder: Path, seconds: float, rounds: int, binary: Optional[Path]) -> Dict[str, List[float]]:
    """Rounds of every variant with so many tasks, in turns."""
    managers = {name: CheckpointManager(folder / name, durability=name) for name in ("batch", "sync")}
    variants: Dict[str, Round] = {}
    for name, synced in (("rewriting", False), ("rewriting, synced", True)):
        rewriting = Rewriting(folder / f"{name}.json", synced)
        fill(rewriting, tasks)
        variants[name] = round_of(rewriting)
    for name, manager in managers.items():
        fill(manager, tasks)
        variants[name] = round_of(manager)
    rust = Rust(binary, folder, tasks, seconds) if binary else None
    if rust is not None:
        variants["Rust"] = rust.round
    figures: Dict[str, List[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            figures[name].append(run(seconds))
    for manager in managers.values():
        manager.close()
    if rust is not None:
        rust.close()
    return figures


def table(results: Dict[int, Dict[str, List[float]]]) -> str:
    """Medians, as Markdown."""
    names = list(next(iter(results.values())))
    ratio = "sync" in names and "Rust" in names
    lines = ["| tasks in the file | " + " | ".join(names) + (" | sync ÷ Rust |" if ratio else " |")]
    lines.append("|---:" * (1 + len(names) + ratio) + "|")
    for tasks, figures in results.items():
        medians = {name: statistics.median(values) for name, values in figures.items()}
        cells = [f"{tasks:,}"] + [f"{medians[name]:,.0f}" for name in names]
        if ratio:
            cells.append(f"{medians['sync'] / medians['Rust']:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Transitions per second, ours and rewriting.")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one round of one variant (1)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median is shown (5)")
    parser.add_argument("--tasks", default="0,100,1000,10000", help="how many tasks (0,100,1000,10000)")
    parser.add_argument("--dir", default=str(ROOT / "target"), help="where the files go: the disk to be measured (target)")
    parser.add_argument("--json", metavar="FILE", help="all figures, as JSON; - for standard output in place of the table")
    parser.add_argument("--no-rust", action="store_true", help="without the core's own figure")
    arguments = parser.parse_args()
    # What a task's failure logs is no part of what is compared.
    logging.getLogger("codeagent.checkpoint_manager").setLevel(logging.ERROR)
    if _native.DEBUG:
        print("warning: an unoptimised build is measured: pip install ./python", file=sys.stderr)
    binary = None if arguments.no_rust else rust_binary()
    results: Dict[int, Dict[str, List[float]]] = {}
    os.makedirs(arguments.dir, exist_ok=True)  # a fresh clone has no target/ yet
    for tasks in (int(number) for number in arguments.tasks.split(",")):
        with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
            results[tasks] = measure(tasks, Path(folder), arguments.seconds, arguments.rounds, binary)
    document = {
        "what": "transitions per second",
        "seconds": arguments.seconds,
        "rounds": arguments.rounds,
        "python": sys.version.split()[0],
        "debug": _native.DEBUG,
        "results": [
            {"tasks": tasks, "variant": name, "rounds": values, "median": statistics.median(values)}
            for tasks, figures in results.items()
            for name, values in figures.items()
        ],
    }
    if arguments.json == "-":
        print(json.dumps(document, indent=2))
        return
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
