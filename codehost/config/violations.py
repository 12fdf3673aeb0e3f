"""What is wrong with a configuration document, where, and what to do about it.

A *finding* is what a check knows: a path into the document and words. A *violation* is what a person is shown:
the finding with its place in the text. Places cost time, so they are worked out only when there are findings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_TEXT = 80
MAX_WORDS = 300

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One mistake, not yet located.

    ``path`` leads from the document's root to the value, by keys and indices. With ``at_key`` the mistake is the
    key itself. ``first`` leads to an earlier entry that this one repeats; its line completes ``problem``.
    """

    path: Path
    problem: str
    hint: str
    at_key: bool = False
    first: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One mistake, ready to show; it holds no password.

    ``pointer`` is a JSON pointer (RFC 6901), empty for the whole document. ``line`` and ``column`` count from 1, in
    characters. ``text`` is the offending piece of the document: shortened, user information and queries masked,
    nothing unprintable; it is empty where there is nothing to show.
    """

    pointer: str
    line: int
    column: int
    text: str
    problem: str
    hint: str

    @property
    def without_place(self) -> str:
        """The mistake with its pointer, for whoever shows line and column in a way of their own."""
        place = f"{self.pointer}: " if self.pointer else ""
        return f"{place}{self.text or 'the document'} {self.problem}; {self.hint}"

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.without_place}"


def pointer_of(path: Path) -> str:
    """The JSON pointer of a path."""
    # RFC 6901, section 3: "~" and "/" are written "~0" and "~1".
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def by_place(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """The violations in the order of the document."""
    return tuple(sorted(violations, key=lambda violation: (violation.line, violation.column)))
