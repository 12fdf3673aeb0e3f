"""A query against one document."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codehost.model.searching import FileHits
from codehost.search.query.bounds import UNBOUND, Bounds, Looking, Piece
from codehost.search.query.documents import Document, Subject, as_utf8
from codehost.search.query.hits import line_hits, spans, without_overlaps
from codehost.search.query.languages import by_name
from codehost.search.query.patterns import Pattern, for_documents, for_repositories
from codehost.search.query.regexps import facts
from codehost.search.query.tree import And, Atom, Language, Node, Not, Or, Place, Repository, Text


@dataclass(slots=True)
class _Found:
    """The matches of each part of a query: in the content, and in the path."""

    content: list[Iterator[Piece]]
    name: list[Iterator[Piece]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """A part of a query, compiled.

    Attributes:
        cost: the order in which parts are tried: 0 needs a name, 1 a language, 2 the content.
        early: what holds for a repository's name and, if it is given, a path; None: that depends on more.
        possible: whether it may hold, as far as can be told without asking whether the content is searchable.
        holds: whether it holds for a document.
        collect: adds the matches of what holds.
    """

    cost: int
    early: Callable[[bytes, bytes | None], bool | None]
    possible: Callable[[Subject], bool]
    holds: Callable[[Subject], bool]
    collect: Callable[[Subject, _Found], None]


class Matcher:
    """A query, ready to be tried on documents. It cannot be sent to another process: send the text, and parse there."""

    __slots__ = ("_test",)

    def __init__(self, query: Node) -> None:
        self._test = _compiled(query)

    def may_match(self, repository: str, path: bytes | None = None) -> bool:
        """Whether a document of the repository, or the one at ``path``, can match: if not, it need not be read."""
        return self._test.early(repository.encode(errors="replace"), path) is not False

    def match(self, repository: str, document: Document, bounds: Bounds = UNBOUND) -> FileHits | None:
        """The hits in a document; None: it does not match.

        Lines if there are any; else the parts of the path that match; and all of the path if only conditions that
        show no text (a repository, a language, what is not there) made it match.
        """
        subject = Subject(repository, document)
        if not self._test.possible(subject) or not self._test.holds(subject):
            return None
        found = _Found(content=[], name=[])
        self._test.collect(subject, found)
        path, content = subject.path.decode(), subject.content()
        if found.content and content is not None:
            looking = Looking(bounds)
            lines, more = line_hits(content, without_overlaps(map(looking.at, found.content)), bounds)
            # A match of nothing but a line's end is on no line.
            if lines:
                return FileHits(path=path, language=subject.language(), lines=lines, more=more or looking.stopped)
        names = without_overlaps(found.name) if found.name else [(0, len(subject.path))]
        return FileHits(path=path, language=subject.language(), name_spans=spans(subject.path, names))


def _compiled(node: Node) -> _Test:
    match node:
        case And(parts=parts):
            return _and(sorted(map(_compiled, parts), key=lambda test: test.cost))
        case Or(parts=parts):
            return _or(sorted(map(_compiled, parts), key=lambda test: test.cost))
        case Not(atom=atom):
            return _not(_atom(atom))
        case _:
            return _atom(node)


def _and(tests: list[_Test]) -> _Test:
    def early(repository: bytes, path: bytes | None) -> bool | None:
        known = [test.early(repository, path) for test in tests]
        return False if False in known else None if None in known else True

    def collect(subject: Subject, found: _Found) -> None:
        for test in tests:
            test.collect(subject, found)

    return _Test(
        cost=max(test.cost for test in tests),
        early=early,
        possible=lambda subject: all(test.possible(subject) for test in tests),
        holds=lambda subject: all(test.holds(subject) for test in tests),
        collect=collect,
    )


def _or(tests: list[_Test]) -> _Test:
    def early(repository: bytes, path: bytes | None) -> bool | None:
        known = [test.early(repository, path) for test in tests]
        return True if True in known else None if None in known else False

    def collect(subject: Subject, found: _Found) -> None:
        for test in tests:
            if test.holds(subject):
                test.collect(subject, found)

    return _Test(
        cost=max(test.cost for test in tests),
        early=early,
        possible=lambda subject: any(test.possible(subject) for test in tests),
        holds=lambda subject: any(test.holds(subject) for test in tests),
        collect=collect,
    )


def _not(test: _Test) -> _Test:
    def early(repository: bytes, path: bytes | None) -> bool | None:
        known = test.early(repository, path)
        return None if known is None else not known

    return _Test(
        cost=test.cost,
        early=early,
        possible=_yes,
        holds=lambda subject: not test.holds(subject),
        collect=_nothing,
    )


def _yes(_subject: Subject) -> bool:
    return True


def _nothing(_subject: Subject, _found: _Found) -> None:
    pass


def _atom(atom: Atom) -> _Test:
    match atom:
        case Repository(pattern=text):
            return _repository(for_repositories(text))
        case Language(name=name):
            return _language(name)
        case Text(place=place):
            return _text(_Texts(atom), place)


def _repository(pattern: Pattern) -> _Test:
    return _Test(
        cost=0,
        early=lambda repository, _path: pattern.search(repository) is not None,
        possible=_yes,
        holds=lambda subject: pattern.search(subject.repository) is not None,
        collect=_nothing,
    )


def _language(name: str) -> _Test:
    def early(_repository: bytes, path: bytes | None) -> bool | None:
        known = None if path is None else by_name(path)
        return None if known is None else known == name

    return _Test(cost=1, early=early, possible=_yes, holds=lambda subject: subject.language() == name, collect=_nothing)


class _Texts:
    """A pattern for contents and paths, with a text that any match must hold, which is looked for first."""

    __slots__ = ("pattern", "required")

    def __init__(self, text: Text) -> None:
        self.pattern = for_documents(text.pattern, sensitive=text.sensitive)
        self.required = facts(text.pattern).required.encode() if text.sensitive else b""

    def within(self, text: bytes) -> bool:
        return self.required in text and self.pattern.search(text) is not None

    def in_name(self, subject: Subject) -> bool:
        return self.within(subject.path)

    def may_be_in_content(self, subject: Subject) -> bool:
        content = subject.content()
        return content is not None and subject.once(self, lambda: self.within(content))

    def in_content(self, subject: Subject) -> bool:
        return self.may_be_in_content(subject) and subject.searchable()

    def name(self, subject: Subject, found: _Found) -> None:
        found.name.append(match.span() for match in self.pattern.finditer(subject.path))

    def content(self, subject: Subject, found: _Found) -> None:
        content = subject.content()
        if content is not None:
            found.content.append(match.span() for match in self.pattern.finditer(content))


def _text(texts: _Texts, place: Place) -> _Test:
    name = _Test(
        cost=0,
        early=lambda _repository, path: None if path is None else texts.within(as_utf8(path)),
        possible=texts.in_name,
        holds=texts.in_name,
        collect=texts.name,
    )
    content = _Test(
        cost=2,
        early=lambda _repository, _path: None,
        possible=texts.may_be_in_content,
        holds=texts.in_content,
        collect=texts.content,
    )
    if place is Place.NAME:
        return name
    return content if place is Place.CONTENT else _or([name, content])
