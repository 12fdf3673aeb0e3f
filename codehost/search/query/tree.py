"""What a query is, once it is understood.

A query is tried on one *document* (a file of a repository's commit) at a time: ``And``, ``Or`` and ``Not`` join what
holds for the document as a whole, not for a line of it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where the text of a pattern is looked for. ``ANYWHERE``: in the content, or in the path."""

    ANYWHERE = "regex"
    CONTENT = "content"
    NAME = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A regular expression that occurs in the document.

    Attributes:
        place: where.
        pattern: in RE2's syntax; ``^`` and ``$`` are the ends of a line. It never matches the empty text.
        sensitive: upper and lower case differ.
    """

    place: Place
    pattern: str
    sensitive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The repository's name holds this pattern; ``^`` and ``$`` are the ends of the name. Case always matters."""

    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The document is in this language, named as Linguist does: ``Python``."""

    name: str


Atom = Text | Repository | Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """``atom`` does not hold."""

    atom: Atom


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """All of two ``parts`` or more hold."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """One of two ``parts`` or more holds."""

    parts: tuple["Node", ...]


Node = Atom | Not | And | Or
