"""docs/json.md names every key of what is printed as JSON, and no others."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.cli.pins import ATTRS, MISSING, SIX
from tests.desk import Desk

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
# Numbers by states, and what is told in words in the row itself.
WHOLE = {"releases", "pins[].asked"}


def told(command: str) -> set[str]:
    """The keys in the first column of the table below a heading."""
    section = PAGE.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| ", section, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row)}


def keys(value: object, at: str = "") -> Iterator[str]:
    if at not in WHOLE and isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from keys(inner, f"{at}.{key}" if at else key)
    elif at not in WHOLE and isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from keys(inner, f"{at}[]")
    else:
        yield at


def printed(desk: Desk, *arguments: str) -> set[str]:
    return set(keys(json.loads(desk.stored(*arguments, "--json").out)))


def test_check(desk: Desk) -> None:
    assert printed(desk, "check", str(desk.file)) == told("codehost check")


def test_plan(desk: Desk) -> None:
    desk.configure(SIX, ATTRS, MISSING)
    found = printed(desk, "plan", str(desk.file))
    # Nothing clashes here, so that the keys of a clash do not show.
    assert found - {"clashes"} == told("codehost plan") - {"clashes[].repository", "clashes[].owner"}


def test_hosts(desk: Desk) -> None:
    desk.stored("hosts", "add", str(desk.file))
    assert printed(desk, "hosts", "show", "host") == told("codehost hosts")
    listed = printed(desk, "hosts", "list")
    assert listed == {f"codeHosts[].{key}" for key in told("codehost hosts") - {"document"}} - {
        "codeHosts[].releases"
    } | {key for key in listed if key.startswith("codeHosts[].releases.")}


def test_tokens(desk: Desk) -> None:
    assert desk.stored("tokens", "add", "me", "--role", "reader").status == 0
    assert printed(desk, "tokens", "list") == told("codehost tokens")
