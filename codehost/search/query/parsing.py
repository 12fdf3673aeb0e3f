"""Text to tree: the supported part of Zoekt's syntax.

Left out is what only an index can answer, and what releases of Zoekt differ in, such as how far a ``case:`` inside
parentheses reaches. Negation is pushed down to the atoms.
"""

from dataclasses import dataclass

from codehost.model.searching import QueryError
from codehost.search.query.languages import named, near
from codehost.search.query.patterns import check_repository, checked
from codehost.search.query.tokens import Kind, Token, tokens
from codehost.search.query.tree import And, Atom, Language, Node, Not, Or, Place, Repository, Text

CHARACTERS = 2_000
ATOMS = 50
DEPTH = 20
_CASES = {"yes": True, "no": False, "auto": None}


def parse(query: str) -> Node:
    """What ``query`` asks.

    Raises:
        QueryError: it is empty, too long, not understood, or asks for what is not supported.
    """
    _check_text(query)
    cut = tokens(query)
    if sum(token.kind is Kind.ATOM for token in cut) > ATOMS:
        raise QueryError(query, 0, f"it has more than {ATOMS} parts", "Ask for less at once.")
    kept, sensitive = _without_case(query, cut)
    return _Parser(query, kept, sensitive).whole()


def _check_text(query: str) -> None:
    if len(query) > CHARACTERS:
        raise QueryError(query, CHARACTERS, f"it is longer than {CHARACTERS:,} characters", "Ask for less at once.")
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise QueryError(query, error.start, "it is not valid Unicode", "Type that character again.") from error


def _without_case(query: str, cut: list[Token]) -> tuple[list[Token], bool | None]:
    kept: list[Token] = []
    sensitive: bool | None = None
    depth = 0
    for before, token in zip([None, *cut], cut, strict=False):
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if token.field != "case":
            kept.append(token)
            continue
        if token.text not in _CASES:
            raise QueryError(query, token.at, f"case:{token.text} is unknown", "Write case:yes, case:no or case:auto.")
        if depth > 0 or (before is not None and before.kind is Kind.NOT):
            hint = "Write it once, outside all parentheses: it holds for the whole query."
            raise QueryError(query, token.at, "case: inside parentheses or behind a -", hint)
        sensitive = _CASES[token.text]
    return kept, sensitive


@dataclass(slots=True)
class _Parser:
    """Recursive descent over the tokens; ``at`` is the next one."""

    query: str
    cut: list[Token]
    sensitive: bool | None
    at: int = 0
    depth: int = 0

    def whole(self) -> Node:
        if not self.cut:
            raise QueryError(self.query, 0, "it asks for nothing", "Write a word, or file: and a part of a path.")
        found = self._either()
        if self.at < len(self.cut):
            raise self._error("a ) without its (", r"Remove it, or write \) to search for the character.")
        return found

    def _error(self, problem: str, hint: str) -> QueryError:
        at = self.cut[self.at].at if self.at < len(self.cut) else len(self.query)
        return QueryError(self.query, at, problem, hint)

    def _kind(self) -> Kind | None:
        return self.cut[self.at].kind if self.at < len(self.cut) else None

    def _either(self) -> Node:
        parts = [self._all()]
        while self._kind() is Kind.OR:
            self.at += 1
            parts.append(self._all())
        return _flat(Or, parts)

    def _all(self) -> Node:
        parts: list[Node] = []
        while self._kind() not in {None, Kind.OR, Kind.CLOSE}:
            parts.append(self._one())
        if not parts:
            what = "an or with nothing on one side" if self._beside_or() else "parentheses with nothing inside"
            raise self._error(what, 'Write "or" to search for the word.' if self._beside_or() else "Remove them.")
        return _flat(And, parts)

    def _beside_or(self) -> bool:
        return self._kind() is Kind.OR or (self.at > 0 and self.cut[self.at - 1].kind is Kind.OR)

    def _one(self) -> Node:
        token = self.cut[self.at]
        if token.kind is Kind.ATOM:
            self.at += 1
            return self._atom(token)
        self.depth += 1
        if self.depth > DEPTH:
            raise self._error(f"parentheses or - more than {DEPTH} deep", "Ask for less at once.")
        self.at += 1
        found = self._group() if token.kind is Kind.OPEN else self._negated(token)
        self.depth -= 1
        return found

    def _negated(self, token: Token) -> Node:
        if self._kind() in {None, Kind.OR, Kind.CLOSE}:
            raise QueryError(self.query, token.at, "a - with nothing behind it", 'Write "-" to search for it.')
        return _not(self._one())

    def _group(self) -> Node:
        found = self._either()
        if self._kind() is not Kind.CLOSE:
            raise self._error("a ( without its )", r"Close it, or write \( to search for the character.")
        self.at += 1
        return found

    def _atom(self, token: Token) -> Atom:
        if token.field == "repo":
            check_repository(self.query, token.at, token.text)
            return Repository(pattern=token.text)
        if token.field == "lang":
            return self._language(token)
        facts = checked(self.query, token.at, token.text)
        sensitive = facts.upper if self.sensitive is None else self.sensitive
        return Text(place=Place(token.field), pattern=token.text, sensitive=sensitive)

    def _language(self, token: Token) -> Language:
        name = named(token.text)
        if name is None:
            others = near(token.text)
            hint = (
                f"Did you mean {' or '.join(others)}?" if others else "Write file: and an ending, such as file:\\.py$."
            )
            raise QueryError(self.query, token.at, f"no language is called {token.text or 'nothing'}", hint)
        return Language(name=name)


def _flat(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
    return flat[0] if len(flat) == 1 else kind(parts=tuple(flat))


def _not(node: Node) -> Node:
    match node:
        case And(parts=parts):
            return _flat(Or, [_not(part) for part in parts])
        case Or(parts=parts):
            return _flat(And, [_not(part) for part in parts])
        case Not(atom=atom):
            return atom
        case _:
            return Not(atom=node)
