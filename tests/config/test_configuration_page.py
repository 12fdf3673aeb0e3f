"""docs/configuration.md: every key is there, and every example is a valid document."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from codehost.config.contract import schema
from codehost.config.document import parse
from codehost.config.loading import load

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```jsonc\n(.*?)```", PAGE, re.DOTALL)


def keys(rules: Any) -> set[str]:
    members = {**rules.get("properties", {}), **rules.get("definitions", {})}
    return {*rules.get("properties", {}), *(key for inner in members.values() for key in keys(inner))}


def used(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for inner in value.values() for key in used(inner))}
    return {key for inner in value for key in used(inner)} if isinstance(value, list) else set()


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_valid(example: str) -> None:
    assert load(example.encode()).violations == ()


def test_every_key_is_told_and_used_in_an_example() -> None:
    assert [key for key in keys(schema()) if f"`{key}`" not in PAGE and f'"{key}"' not in PAGE] == []
    assert keys(schema()) - {key for example in EXAMPLES for key in used(parse(example).value)} == set()


def test_every_link_leads_to_a_heading() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= headings


def test_defaults_are_those_of_the_schema() -> None:
    rules = schema()["definitions"]["mirror"]["properties"]
    for key, rule in rules.items():
        if "default" in rule:
            [row] = re.findall(
                rf"^\| `{key}` \|[^|]*\| ([^|]*) \|", PAGE.partition("Keys of an object")[2], re.MULTILINE
            )[:1]
            assert row == f"`{json.dumps(rule['default'])}`", key
