"""docs/search.md names the bounds that hold."""

from pathlib import Path

import pytest

from codehost.model.members import GIB, MIB
from codehost.model.searching import DEFAULT_LINES, DEFAULT_SECONDS, MOST_CONTEXT, MOST_LINES, MOST_SECONDS
from codehost.search.query.documents import LARGEST
from codehost.search.query.hits import LONGEST
from codehost.search.query.parsing import ATOMS, CHARACTERS, DEPTH
from codehost.search.query.trigrams import MOST_TRIGRAMS
from codehost.search.scan.limits import ScanLimits

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "search.md").read_text(encoding="utf-8").split())
LIMITS = ScanLimits()


@pytest.mark.parametrize(
    "sentence",
    [
        f"at most {CHARACTERS:,} characters, {ATOMS} parts, and {DEPTH} levels of parentheses",
        f"more than {LARGEST // MIB} MiB, a NUL byte, or more than {MOST_TRIGRAMS:,} different sequences of three",
        f"Of a line of more than {LONGEST:,} characters",
        f"`linesEach` (1 to {MOST_LINES:,}), `context` (0 to {MOST_CONTEXT}), and `seconds` (up to {MOST_SECONDS:g})",
        f"counts as one | {DEFAULT_LINES} |",
        f"up to 3,600 | {DEFAULT_SECONDS:g} |",
        f"with at most {LIMITS.memory_bytes // GIB} GiB of memory",
        f"In a server {LIMITS.at_once} searches run at a time and {LIMITS.waiting} more wait",
        f"more wait, for up to {LIMITS.waiting_seconds:g} seconds",
        f"at the first {LIMITS.repositories:,} repositories",
    ],
)
def test_the_page_names_the_bounds(sentence: str) -> None:
    assert sentence in PAGE
