"""Every action of the log is in docs/operations.md with its level, and the page names no others."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logged() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "codehost").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "log"):
                continue
            assert node.func.attr in LEVELS, f"{path}:{node.lineno}"
            actions = [text for one in node.keywords if one.arg == "action" and (text := _text(one.value))]
            assert actions, f"{path}:{node.lineno} logs without an action, or with one that is no plain text"
            level = "error" if node.func.attr == "exception" else node.func.attr
            yield from ((action, level) for action in actions)


def _text(value: ast.expr) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def test_actions_are_documented() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("## Log lines")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)
    assert sorted(rows) == sorted(set(logged()))
