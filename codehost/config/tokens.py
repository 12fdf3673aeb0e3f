"""Walking through the tokens of a document, knowing at each where it stands.

Whoever walks feeds the tokens in order to a ``Walker``. The text may be a valid document or any beginning of one.
"""

import json
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from codehost.config.violations import Path

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]|[^\s"\[\]{},:]+', re.DOTALL)


class Role(Enum):
    """What a token is."""

    OPEN = auto()
    CLOSE = auto()
    COMMA = auto()
    KEY = auto()
    VALUE = auto()


class Spot(NamedTuple):
    """Where an offset is: under which path, whether inside the document's brackets, and whether inside a token."""

    path: Path
    in_brackets: bool
    in_token: bool


@dataclass(slots=True, kw_only=True)
class _Container:
    """An object or array whose closing bracket has not come yet. ``step`` is None where an object's key comes next."""

    path: Path
    step: str | int | None

    def inner(self) -> Path:
        return self.path if self.step is None else (*self.path, self.step)


@dataclass(slots=True)
class Walker:
    """Where a walk through a document has come to. ``path`` is where the text begins. Does not recurse."""

    path: Path = ()
    _open: list[_Container] = field(default_factory=list)

    @property
    def here(self) -> Path:
        """The path of the value that stands here or was the last; of the object itself where its next key comes."""
        return self._open[-1].inner() if self._open else self.path

    def spot(self, *, in_token: bool) -> Spot:
        """Where the walk is, or would be in the middle of the next token."""
        return Spot(path=self.here, in_brackets=bool(self._open), in_token=in_token)

    def take(self, token: str) -> tuple[Role, Path]:
        """What the next token is, and the path of the value, key or container that it begins, ends or names."""
        inside = self._open[-1] if self._open else None
        match token[0]:
            case "{" | "[" as bracket:
                path = self.here
                self._open.append(_Container(path=path, step=0 if bracket == "[" else None))
                return Role.OPEN, path
            case "}" | "]":
                return Role.CLOSE, self._open.pop().path
            case ",":
                if inside:
                    inside.step = inside.step + 1 if isinstance(inside.step, int) else None
                return Role.COMMA, self.here
            case _ if inside and inside.step is None:
                inside.step = json.loads(token)
                return Role.KEY, self.here
            case _:
                return Role.VALUE, self.here


def spot_at(plain: str, offset: int) -> Spot:
    """Where ``offset`` is. All before its token must be the beginning of a document; what follows may be anything."""
    walker = Walker()
    last = 0
    for token in TOKEN.finditer(plain):
        unclosed = plain.find('"', last, token.start())
        if unclosed >= 0:
            return walker.spot(in_token=unclosed < offset)
        if token.end() > offset:
            return walker.spot(in_token=token.start() < offset)
        walker.take(token[0])
        last = token.end()
    return walker.spot(in_token='"' in plain[last:offset])
