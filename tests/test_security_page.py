"""The security page says what holds: its figures are the program's, and the files that it names are there."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from codehost.model.members import GIB, MIB, UNRATIONED_BYTES, Limits
from codehost.net.fetcher import FetchSettings
from codehost.net.origins import LONGEST_ADDRESS
from codehost.net.retries import LONGEST_RETRY_AFTER
from codehost.pack.paths import MAX_COMPONENT_BYTES, MAX_DEPTH, MAX_PATH_BYTES
from codehost.record.texts import MAX_MESSAGE
from codehost.resolve.project_page import MAX_FILES

ROOT = Path(__file__).parents[1]
PAGE = " ".join((ROOT / "docs" / "security.md").read_text().split())
LIMITS = Limits()
SETTINGS = FetchSettings()


@pytest.mark.parametrize(
    "said",
    [
        f"{LIMITS.file_bytes // GIB} GiB | `limits.fileBytes`",
        f"{LIMITS.unpacked_bytes // GIB} GiB, and beyond the first {UNRATIONED_BYTES // MIB} MiB no more than ",
        f"no more than {LIMITS.ratio} times the file's size",
        f"{LIMITS.member_bytes // MIB} MiB; a larger one is left out",
        f"{LIMITS.members:,}; {LIMITS.directories:,}; {LIMITS.name_bytes // MIB} MiB",
        f"{MAX_DEPTH} levels, {MAX_COMPONENT_BYTES} and {MAX_PATH_BYTES:,} bytes",
        f"within {SETTINGS.head:g} s, {SETTINGS.silence:g} s may pass without a byte",
        f"every {SETTINGS.rate.window:g} s must bring {SETTINGS.rate.least // 1024} KiB",
        f"Pages of {SETTINGS.max_page_bytes // MIB} MiB at most",
        f"at most {MAX_FILES:,} files",
        f"more than {LONGEST_ADDRESS:,} characters",
        f"{MAX_MESSAGE:,} characters",
    ],
)
def test_a_figure(said: str) -> None:
    assert said in PAGE


def test_a_day_and_five_redirects() -> None:
    assert (LONGEST_RETRY_AFTER, SETTINGS.max_redirects) == (86_400, 5)
    assert "`Retry-After` counts up to a day" in PAGE
    assert "At most five redirects" in PAGE


def test_every_limit_is_there() -> None:
    told = set(re.findall(r"`limits\.(\w+)`", PAGE))
    assert {re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name) for name in told} == {
        field.name for field in fields(LIMITS)
    }


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:codehost|tests|docs|benchmarks)/[\w/]+(?:\.py)?)`", PAGE)))
)
def test_a_file_that_it_names(path: str) -> None:
    assert (ROOT / path).exists()
