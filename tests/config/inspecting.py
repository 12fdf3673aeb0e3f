"""What the tests of single checks share: a place to stand, and what was found there."""

from codehost.config.inspection import Inspection
from codehost.config.surroundings import Surroundings, Unchecked
from codehost.config.violations import Path

AT: Path = ("urls", 0)


def inspection(surroundings: Surroundings | None = None) -> Inspection:
    return Inspection(surroundings=surroundings or Unchecked(), path=AT)


def told(at: Inspection) -> list[str]:
    """The findings as ``key: problem; hint``, with only the keys below the place."""
    return [
        f"{'/'.join(map(str, one.path[len(AT) :]))}: {one.problem}; {one.hint}".removeprefix(": ")
        for one in at.findings
    ]
