"""docs/mirrors.md: its examples are valid, and it leaves no key of an entry out."""

import json
import re
from pathlib import Path

import pytest

from codehost.config.document import parse
from codehost.config.loading import load
from codehost.model.errors import Reason

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "mirrors.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "schema" / "python-packages.schema.json").read_text(encoding="utf-8"))
EXAMPLES = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
KEYS = set(SCHEMA["definitions"]["mirror"]["properties"])


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=range(len(EXAMPLES)))
def test_an_example_is_valid(text: str) -> None:
    loaded = load(text.encode())
    assert loaded.violations == ()
    assert loaded.config is not None
    assert loaded.config.pins


@pytest.mark.parametrize("text", [text for _, text in EXAMPLES], ids=range(len(EXAMPLES)))
def test_an_example_writes_no_secret_out(text: str) -> None:
    document = parse(text).value
    entries = [entry for entry in (*document["urls"], document.get("proxy")) if isinstance(entry, dict)]
    for entry in entries:
        secrets = [entry.get(key, {}) for key in ("password", "bearerToken", "clientKeyPassword")]
        assert all(isinstance(secret, dict) for secret in (*secrets, *entry.get("headers", {}).values()))
        assert "@" not in entry["url"]


def test_every_example_is_a_whole_document() -> None:
    assert len(EXAMPLES) > 12
    assert {language for language, _ in EXAMPLES} == {"jsonc"}


def test_every_key_of_an_entry_is_explained() -> None:
    table = GUIDE.partition("| key |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:]))) == KEYS


def test_reasons_are_spelt_as_they_are_told() -> None:
    table = GUIDE.partition("| what you see |")[2]
    told = set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE))
    assert told
    assert told <= {reason.value for reason in Reason}


def test_no_host_but_pypi_and_the_names_kept_for_examples() -> None:
    hosts = re.findall(r"https?://([\w.-]+)", GUIDE)
    # RFC 2606 and RFC 6761: names that nobody can register.
    assert {host for host in hosts if not re.search(r"(^|\.)example(\.(com|net|org|edu))?$", host)} == {"pypi.org"}
