"""What was found, as rows: lines once, in blocks, marked, cut, and harmless."""

from dataclasses import replace
from typing import Any

import pytest

from codehost.model.searching import FileHits, LineHit, QueryError, Span
from codehost.serve.pages.links import Links
from codehost.serve.pages.searchform import SearchForm
from codehost.serve.pages.searchrows import FoundFile, place_of, rows_of
from tests.serve.pages.found import COMMIT, found, hit


def shown(*lines: LineHit, path: str = "a/b.py", **fields: Any) -> FoundFile:
    file = replace(FileHits(path=path, language="Python", lines=lines), **fields)
    return rows_of(found(file), SearchForm(query="x"), Links("/base")).files[0]


def html_of(line: LineHit) -> str:
    [[row]] = shown(line).blocks
    return str(row.html)


def test_where_everything_leads() -> None:
    repository = rows_of(
        found(FileHits(path="a b/c.py", language="", lines=(hit(3, "x", (0, 1)),))), SearchForm(), Links("/base")
    )
    [file] = repository.files
    [[row]] = file.blocks
    blob = f"/base/python/six/1.0/blob/{COMMIT}/a%20b/c.py"
    assert (repository.href, file.href, row.href) == ("/base/python/six/1.0", blob, f"{blob}#L3")
    assert file.more is None


def test_more_of_a_file_leads_to_the_same_file_in_a_narrower_search() -> None:
    file, fewer = shown(hit(1, "x", (0, 1)), more=True), shown(hit(1, "x", (0, 1)))
    assert file.more == f"/base/-/search?q=x&project=six&version=1.0&host=h&lines=2000&each=2000#{fewer.anchor}"


BLOCKS = [
    ([hit(1, "x")], [[(1, True)]]),
    ([hit(1, "x"), hit(2, "y")], [[(1, True), (2, True)]]),
    ([hit(1, "x"), hit(3, "y")], [[(1, True)], [(3, True)]]),
    ([hit(2, "x", before=("a",), after=("b",))], [[(1, False), (2, True), (3, False)]]),
    # Their context meets, overlaps, and has hits in it.
    ([hit(1, "x", after=("a",)), hit(4, "y", before=("b",))], [[(1, True), (2, False), (3, False), (4, True)]]),
    ([hit(1, "x", after=("a",)), hit(3, "y", before=("a",))], [[(1, True), (2, False), (3, True)]]),
    ([hit(1, "x", after=("y",)), hit(2, "y", before=("x",))], [[(1, True), (2, True)]]),
    ([], []),
]


@pytest.mark.parametrize(("lines", "blocks"), BLOCKS)
def test_blocks(lines: list[LineHit], blocks: list[list[tuple[int, bool]]]) -> None:
    assert [[(row.number, row.hit) for row in block] for block in shown(*lines).blocks] == blocks


MARKED = [
    (hit(1, "a < b", (2, 3)), "a <mark>&lt;</mark> b"),
    (hit(1, "abc", (0, 1), (2, 3)), "<mark>a</mark>b<mark>c</mark>"),
    (hit(1, "abc", (0, 2), (2, 3)), "<mark>ab</mark><mark>c</mark>"),
    (hit(1, "<b>&amp;"), "&lt;b&gt;&amp;amp;"),
    (hit(1, "a\u202eb", (1, 2)), 'a<mark><span class="odd">U+202E</span></mark>b'),
    (hit(1, "é☃\U0001f600!", (2, 3)), "é☃<mark>\U0001f600</mark>!"),
    (hit(1, "\ta\x1b"), '\ta<span class="odd">U+001B</span>'),
]


@pytest.mark.parametrize(("line", "html"), MARKED)
def test_marks(line: LineHit, html: str) -> None:
    assert html_of(line) == html


LONG = "a" * 1_000 + "X" + "b" * 1_000
CUT = [
    (hit(1, LONG, (1_000, 1_001)), f"…{'a' * 60}<mark>X</mark>{'b' * 239}…"),
    (hit(1, LONG[:1_001], (1_000, 1_001)), f"…{'a' * 299}<mark>X</mark>"),
    (hit(1, LONG[1_000:], (0, 1)), f"<mark>X</mark>{'b' * 299}…"),
    (hit(1, LONG, (1_000, 2_000)), f"…{'a' * 60}<mark>X{'b' * 239}</mark>…"),
    (hit(1, LONG, (1_000, 1_001), (1_900, 1_901)), f"…{'a' * 60}<mark>X</mark>{'b' * 239}…"),
    # What the engine has cut already.
    (replace(hit(1, "aXb", (1, 2)), cut=True, offset=50), "…a<mark>X</mark>b…"),
    (replace(hit(1, "aXb", (1, 2)), cut=True), "a<mark>X</mark>b…"),
]


@pytest.mark.parametrize(("line", "html"), CUT)
def test_long_lines_are_cut_around_their_first_match(line: LineHit, html: str) -> None:
    assert html_of(line) == html


def test_long_context_is_cut_at_its_end() -> None:
    [[row, _]] = shown(hit(2, "x", (0, 1), before=("<" * 400,))).blocks
    assert row.html == "&lt;" * 300 + "…"


def test_a_name_that_matches() -> None:
    file = shown(path="a<b>/six.py", name_spans=(Span(start=5, end=8),))
    assert (file.name, file.blocks) == ("a&lt;b&gt;/<mark>six</mark>.py", ())


PLACES = [
    ("a (b", 2, 'a <mark class="wrong">(</mark>b'),
    ("a (b", 4, 'a (b<mark class="wrong"> </mark>'),
    ("<i>\u202e", 3, '&lt;i&gt;<mark class="wrong"><span class="odd">U+202E</span></mark>'),
    ("x" * 500, 250, f'…{"x" * 200}<mark class="wrong">x</mark>{"x" * 200}…'),
    ("x" * 300, 100, f'{"x" * 100}<mark class="wrong">x</mark>{"x" * 199}'),
]


@pytest.mark.parametrize(("query", "position", "html"), PLACES)
def test_the_place_of_a_mistake(query: str, position: int, html: str) -> None:
    assert place_of(QueryError(query, position, "it is wrong")) == html
