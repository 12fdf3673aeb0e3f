"""What can be told of a regular expression without trying it on a text.

RE2 says whether a pattern is valid; this module walks a valid one once more for what RE2 does not tell: whether it can
match the empty text, whether it asks for an upper-case letter, and a text that every match must hold.
"""

import re
from dataclasses import dataclass
from functools import reduce

import re2

_ESCAPES = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CLASS_LETTERS = "dDsSwW"
_ASSERTIONS = "AzbB"
_SURROGATES = range(0xD800, 0xE000)
_FLAGS = re.compile(r"\(\?([imsU]*)(-[imsU]*)?([:)])")
_NAMED = re.compile(r"\(\?P?<\w+>")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_NUMBER = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([0-7]{1,3})")
_GROUP_CLASS = re.compile(r"[pP](?:\{[^}]*\}|.)", re.DOTALL)
_NAMED_CLASS = re.compile(r"\[:\^?\w+:\]")


class NotSupportedError(Exception):
    """The pattern asks at character ``at`` for something that Zoekt means otherwise than RE2. ``hint``: what to do."""

    def __init__(self, at: int, problem: str, hint: str) -> None:
        super().__init__(at, problem, hint)
        self.at = at
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem}. {self.hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What holds for every match.

    Attributes:
        nullable: it may be empty.
        upper: the pattern names an upper-case ASCII letter, or a class one of whose ranges begins or ends with one.
        exact: the one text that matches; None: there are several.
        required: a text that each match holds; the longest that was seen.
    """

    nullable: bool = False
    upper: bool = False
    exact: str | None = None
    required: str = ""


_EMPTY = Facts(nullable=True, exact="")


def facts(pattern: str, *, folding: bool = False) -> Facts:
    """Of a pattern that RE2 accepts. ``folding``: it may set ``(?i)``.

    Raises:
        NotSupportedError: Zoekt's engine does not know a part of it, or means something else by it.
    """
    return _Walk(pattern, folding=folding).whole()


class _Walk:
    """One pass over a pattern; ``at`` is the next character."""

    __slots__ = ("at", "folding", "pattern")

    def __init__(self, pattern: str, *, folding: bool) -> None:
        self.pattern = pattern
        self.folding = folding
        self.at = 0

    def whole(self) -> Facts:
        branches = [self._branch()]
        while self._next() == "|":
            self.at += 1
            branches.append(self._branch())
        return reduce(_either, branches)

    def _next(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _branch(self) -> Facts:
        pieces = _EMPTY
        run = ""
        while self._next() not in {"", "|", ")"}:
            piece = self._repeated(self._piece())
            run = run + piece.exact if piece.exact is not None else ""
            pieces = _joined(pieces, piece, run)
        return pieces

    def _piece(self) -> Facts:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        self.at += 1
        if char in "^$":
            return _EMPTY
        return Facts() if char == "." else _literal(char)

    def _group(self) -> Facts:
        start = self.at
        flags = _FLAGS.match(self.pattern, start)
        if flags is not None:
            self._flags(flags)
            if flags[3] == ")":
                return _EMPTY
        else:
            named = _NAMED.match(self.pattern, start)
            self.at = named.end() if named else start + 1
        inner = self.whole()
        self.at += 1
        return inner

    def _flags(self, flags: re.Match[str]) -> None:
        # Zoekt keeps the letters of (?i)foo in upper case and forgets the flag: it finds FOO only.
        if not self.folding and "i" in flags[1] + (flags[2] or ""):
            raise NotSupportedError(self.at, "the flag i is not supported inside a pattern", "Write case:no instead.")
        self.at = flags.end()

    def _class(self) -> Facts:
        start = self.at
        self.at += 1 + (self.pattern[start + 1] == "^")
        self.at += self._next() == "]"
        while self._next() != "]":
            named = _NAMED_CLASS.match(self.pattern, self.at)
            self.at = named.end() if named else self.at + 1 + (self._next() == "\\")
        self.at += 1
        return _class(self.pattern[start : self.at])

    def _escape(self) -> Facts:
        start = self.at
        char = self.pattern[start + 1]
        self.at += 2
        if char == "Q":
            return self._literally()
        if char == "C":
            raise NotSupportedError(start, r"\C (a single byte) is not supported", "Use . for any character.")
        if char in _ASSERTIONS:
            return _EMPTY
        group = _GROUP_CLASS.match(self.pattern, start + 1)
        if group is not None:
            self.at = group.end()
        if group is not None or char in _CLASS_LETTERS:
            return _class(self.pattern[start : self.at])
        number = _NUMBER.match(self.pattern, start + 1)
        if number is None:
            return _literal(_ESCAPES.get(char, char))
        self.at = number.end()
        code = int(number[3], 8) if number[3] else int(number[1] or number[2], 16)
        if code in _SURROGATES:
            raise NotSupportedError(start, "half a surrogate pair is no character", "Write the character itself.")
        return _literal(chr(code))

    def _literally(self) -> Facts:
        end = self.pattern.find(r"\E", self.at)
        stop = len(self.pattern) if end < 0 else end
        text = self.pattern[self.at : stop]
        self.at = stop if end < 0 else stop + 2
        if not text:
            return _EMPTY
        # Only the last character is repeated by what follows \E.
        head, last = text[:-1], _literal(text[-1])
        tail = self._repeated(last)
        return _joined(_literal(head), tail, head + (tail.exact or "")) if head else tail

    def _repeated(self, piece: Facts) -> Facts:
        repeat = _REPEAT.match(self.pattern, self.at)
        if repeat is None and self._next() not in {"*", "+", "?"}:
            return piece
        optional = int(repeat[1]) == 0 if repeat else self._next() != "+"
        self.at = repeat.end() if repeat else self.at + 1
        self.at += self._next() == "?"
        nullable = piece.nullable or optional
        return Facts(nullable=nullable, upper=piece.upper, required="" if optional else piece.required)


def _literal(text: str) -> Facts:
    return Facts(upper=any("A" <= char <= "Z" for char in text), exact=text, required=text)


def _class(text: str) -> Facts:
    # A class is sensitive when one of its ranges, as they are once merged, begins or ends in A-Z.
    inside = re2.compile(text)
    held = [inside.fullmatch(chr(code)) is not None for code in range(ord("A") - 1, ord("Z") + 2)]
    ends = (held[i] and not (held[i - 1] and held[i + 1]) for i in range(1, len(held) - 1))
    return Facts(upper=any(ends))


def _either(one: Facts, other: Facts) -> Facts:
    return Facts(nullable=one.nullable or other.nullable, upper=one.upper or other.upper)


def _joined(head: Facts, tail: Facts, run: str) -> Facts:
    exact = head.exact + tail.exact if head.exact is not None and tail.exact is not None else None
    return Facts(
        nullable=head.nullable and tail.nullable,
        upper=head.upper or tail.upper,
        exact=exact,
        required=max(head.required, tail.required, run, key=len),
    )
