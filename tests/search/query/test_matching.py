import pytest

from codehost.model.searching import FileHits, LineHit, Span
from codehost.search.query.bounds import Bounds
from codehost.search.query.documents import Document
from codehost.search.query.matching import Matcher
from codehost.search.query.parsing import parse
from tests.search.query.corpus import FOUND, REPOSITORY, scanned, told

MAY = [
    ("repo:six foo", None, True),
    ("repo:seven foo", None, False),
    ("repo:seven or foo", None, True),
    ("-repo:six foo", None, False),
    ("file:py foo", None, True),
    ("file:py foo", b"a.txt", False),
    ("file:py foo", b"a.py", True),
    ("-file:py foo", b"a.py", False),
    ("foo -bar", b"a.py", True),
    ("lang:python foo", None, True),
    ("lang:python foo", b"a.c", False),
    ("lang:python foo", b"a.py", True),
    ("lang:python foo", b"script", True),
    ("-lang:python foo", b"a.py", False),
    ("file:a or repo:seven", b"b", False),
    ("file:a or repo:six", b"b", True),
]


@pytest.mark.parametrize(("query", "expected"), FOUND)
def test_what_a_query_finds(query: str, expected: str) -> None:
    assert told(scanned(query)) == expected


@pytest.mark.parametrize(("query", "path", "may"), MAY)
def test_what_need_not_be_read(query: str, path: bytes | None, *, may: bool) -> None:
    assert Matcher(parse(query)).may_match(REPOSITORY, path) is may


@pytest.mark.parametrize(("query", "_found"), FOUND)
def test_what_need_not_be_read_does_not_match(query: str, _found: str) -> None:
    matcher = Matcher(parse(query))
    assert all(matcher.may_match(REPOSITORY, hits.path.encode()) for hits in scanned(query))
    assert not scanned(query) or matcher.may_match(REPOSITORY)


def test_a_hit_has_its_context_and_no_ends_of_lines() -> None:
    content = b"one\r\ntwo\r\nfoo\r\nfour\r\nfive"
    hits = Matcher(parse("foo")).match(REPOSITORY, Document(path=b"a.txt", content=content), Bounds(context=2))
    line = LineHit(number=3, text="foo", spans=(Span(start=0, end=3),), before=("one", "two"), after=("four", "five"))
    assert hits == FileHits(path="a.txt", language="Text", lines=(line,))


def test_context_ends_with_the_file() -> None:
    hits = Matcher(parse("foo")).match(REPOSITORY, Document(path=b"a", content=b"x\nfoo\n"), Bounds(context=3))
    assert hits is not None
    assert hits.lines[0].before == ("x",)
    assert hits.lines[0].after == ()


@pytest.mark.parametrize(("most", "lines", "more"), [(None, 3, False), (3, 3, False), (2, 2, True), (1, 1, True)])
def test_a_document_shows_so_many_lines(most: int | None, lines: int, *, more: bool) -> None:
    content = b"foo foo\nfoo\nfoo"
    hits = Matcher(parse("foo")).match(REPOSITORY, Document(path=b"a", content=content), Bounds(lines=most))
    assert hits is not None
    assert (len(hits.lines), hits.more) == (lines, more)


@pytest.mark.parametrize("content", [None, b"x\0foo", b"\0foo", b"fo"])
def test_what_is_not_searched_still_has_a_name(content: bytes | None) -> None:
    document = Document(path=b"src/foo.bin", content=content)
    hits = Matcher(parse("fo")).match(REPOSITORY, document)
    assert hits == FileHits(path="src/foo.bin", language="", name_spans=(Span(start=4, end=6),))
    assert Matcher(parse("content:fo")).match(REPOSITORY, document) is None


def test_a_match_of_a_line_end_alone_shows_the_path() -> None:
    hits = Matcher(parse(r"content:\n")).match(REPOSITORY, Document(path=b"a", content=b"one\ntwo"))
    assert hits == FileHits(path="a", language="", name_spans=(Span(start=0, end=1),))


def test_a_path_that_is_not_utf_8() -> None:
    hits = Matcher(parse("f:a.b")).match(REPOSITORY, Document(path=b"\xe9a\xffb", content=b""))
    assert hits == FileHits(path="\ufffda\ufffdb", language="", name_spans=(Span(start=1, end=4),))


ONE_LINE = b"e " * 500_000 + b"\nlast e"


def test_a_line_with_very_many_matches_shows_those_that_are_told() -> None:
    hits = Matcher(parse("e or d")).match(REPOSITORY, Document(path=b"a", content=ONE_LINE))
    assert hits is not None
    (line,) = hits.lines
    assert (line.cut, line.text) == (True, "e " * 500)
    assert line.spans == tuple(Span(start=at, end=at + 1) for at in range(0, 1_000, 2))
    assert hits.more, "the matches were too many to come to the second line"


def test_the_matches_that_are_looked_at_are_counted() -> None:
    content = b"e " * 1_000 + b"\nlast e"
    document = Document(path=b"a", content=content)
    every = Matcher(parse("e")).match(REPOSITORY, document)
    assert every is not None
    assert ([line.number for line in every.lines], every.more) == ([1, 2], False)
    first = Matcher(parse("e")).match(REPOSITORY, document, Bounds(matches=1_000))
    assert first is not None
    assert ([line.number for line in first.lines], first.more) == ([1], True)


def test_the_time_is_looked_at_between_matches() -> None:
    asked: list[None] = []

    def is_over() -> bool:
        asked.append(None)
        return len(asked) > 2

    hits = Matcher(parse("foo")).match(
        REPOSITORY, Document(path=b"a", content=b"foo\n" * 100_000), Bounds(is_over=is_over)
    )
    assert hits is not None
    assert 0 < len(hits.lines) < 1_000
    assert hits.more


def test_trigrams_are_counted_only_of_what_matches_in_all() -> None:
    spread = "".join(map(chr, range(0x4E00, 0x4E00 + 20_800)))
    too_many = Document(path=b"a", content=f"foo {spread}".encode())
    found = {query: Matcher(parse(query)).match(REPOSITORY, too_many) is not None for query in TOO_MANY}
    assert found == TOO_MANY


TOO_MANY = {
    "foo": False,
    "content:foo content:nosuch": False,
    "-content:foo": True,
    "foo or file:a": True,
    "file:a -content:foo": True,
    "file:a content:foo": False,
    "-content:nosuch": True,
    "-(content:foo file:b)": True,
}
