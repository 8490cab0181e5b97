"""docs/python.md and docs/python.ru.md: the same code in both, and it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from codeagent import errors

DOCS = Path(__file__).parents[2] / "docs"
EN, RU = ((DOCS / name).read_text(encoding="utf-8") for name in ("python.md", "python.ru.md"))


def blocks(text: str) -> List[Tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_both_say_the_same() -> None:
    assert [b for b in blocks(EN) if b[0] != "sh"] == [b for b in blocks(RU) if b[0] != "sh"]
    for pattern in (r"^#+ ", r"^\|", r"^\| `\w+` \|"):
        assert len(re.findall(pattern, EN, re.MULTILINE)) == len(re.findall(pattern, RU, re.MULTILINE)), pattern


@pytest.mark.parametrize("number", range(4))
def test_the_code_runs(tmp_path: Path, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    snippets = [code for language, code in blocks(EN) if language == "python"]
    assert len(snippets) == 4

    async def ask(name: str) -> str:
        return name.upper()

    names: Dict[str, Any] = {
        "project_dir": tmp_path,
        "download": lambda url: [url],
        "report": lambda pages: f"{len(pages)} page",
        "ask": ask,
    }
    if "read_only" in snippets[number]:
        exec(snippets[0], dict(names))
    exec(snippets[number], names)
    expected = ["", "1 page\n16\n", "'total_tasks': 1000", "['ALPHA', 'BETA']"][number]
    assert expected in capsys.readouterr().out


def test_every_error_is_told() -> None:
    raised = {name for name in vars(errors) if name.startswith("Checkpoint") and name != "CheckpointError"}
    assert {name for name in raised if f"| `{name}` |" in EN} == raised
