import io

import pytest
from rich.console import Console
from rich.text import Text

from codehost.model.searching import (
    Engine,
    FileHits,
    LineHit,
    QueryError,
    RepositoryHits,
    Searched,
    Span,
)
from codehost.terminal.found import coloured, coloured_names, ended, names, plain, pointed

HOSTILE = "\x1b[2J\r\x9b31m\u202e"
HARMLESS = r"\x1b[2J\r\x9b31m\u202e"


def hit(number: int, text: str = "a hit", *spans: tuple[int, int], **more: object) -> LineHit:
    found = tuple(Span(start=start, end=end) for start, end in spans)
    return LineHit(number=number, text=text, spans=found, **more)  # type: ignore[arg-type]


def repository(*files: FileHits, name: str = "python/six/1") -> RepositoryHits:
    return RepositoryHits(
        release_id=1, repository=name, code_host="h", project="six", version="1", commit="c", files=files
    )


def file(*lines: LineHit, path: str = "six.py") -> FileHits:
    return FileHits(path=path, language="Python", lines=lines)


PLAIN: list[tuple[tuple[LineHit, ...], list[str]]] = [
    ((), ["python/six/1:six.py"]),
    ((hit(1), hit(9)), ["python/six/1:six.py:1:a hit", "python/six/1:six.py:9:a hit"]),
    (
        # The second is the context of the first as well.
        (
            hit(2, before=("one",), after=("a hit", "four")),
            hit(3, before=("one", "a hit"), after=("four", "five")),
            hit(8, before=("six", "seven")),
        ),
        [
            "python/six/1:six.py-1-one",
            "python/six/1:six.py:2:a hit",
            "python/six/1:six.py:3:a hit",
            "python/six/1:six.py-4-four",
            "python/six/1:six.py-5-five",
            "python/six/1:six.py-6-six",
            "python/six/1:six.py-7-seven",
            "python/six/1:six.py:8:a hit",
        ],
    ),
    (
        (hit(1, after=("x",)), hit(5)),
        ["python/six/1:six.py:1:a hit", "python/six/1:six.py-2-x", "--", "python/six/1:six.py:5:a hit"],
    ),
    ((hit(1, "begin", cut=True),), ["python/six/1:six.py:1:begin…"]),
    ((hit(1, "inside", cut=True, offset=3),), ["python/six/1:six.py:1:…inside…"]),
    ((hit(1, "\tx\ty"),), ["python/six/1:six.py:1:\tx\ty"]),
]


@pytest.mark.parametrize(("lines", "expected"), PLAIN)
def test_plain(lines: tuple[LineHit, ...], expected: list[str]) -> None:
    assert list(plain(repository(file(*lines)))) == expected


def test_names() -> None:
    found = repository(file(hit(1)), file(path="b"))
    assert list(names(found)) == ["python/six/1:six.py", "python/six/1:b"]
    assert [line.plain for line in coloured_names(found)] == list(names(found))


def styled(line: Text) -> set[tuple[str, str]]:
    return {(line.plain[span.start : span.end], str(span.style)) for span in line.spans}


def test_colours() -> None:
    lines = (hit(9, "x = needle", (4, 10), before=("b",)), hit(11, "\x1b\x1bneedle", (2, 8)))
    more = FileHits(path="a_needle.py", language="", name_spans=(Span(start=2, end=8),))
    shown = list(coloured(repository(FileHits(path="six.py", language="Python", lines=lines, more=True), more)))
    assert [line.plain for line in shown] == [
        "python/six/1",
        "  six.py  Python",
        "   8 b",
        "   9 x = needle",
        "  --",
        r"  11 \x1b\x1bneedle",
        "  … and further lines",
        "  a_needle.py",
        "",
    ]
    for number in (3, 5, 7):
        assert ("needle", "bold red") in styled(shown[number])
    assert ("six.py", "bold cyan") in styled(shown[1])


def test_nothing_of_it_commands_the_terminal() -> None:
    lines = (hit(1, HOSTILE, (1, 3), before=(HOSTILE,), after=(HOSTILE,)),)
    hostile = repository(file(*lines, path=HOSTILE), file(path=f"{HOSTILE}\t\n"), name=HOSTILE)
    for text in (*plain(hostile), *names(hostile)):
        assert text.replace("\t", "").isprintable()
        assert HARMLESS in text
    output = io.StringIO()
    for line in (*coloured(hostile), *coloured_names(hostile)):
        Console(file=output, width=30, color_system=None).print(line, soft_wrap=True)
    assert all(line.isprintable() for line in output.getvalue().split("\n"))
    error = QueryError(f"{HOSTILE}(", len(HOSTILE), "no", "")
    assert all(line.isprintable() for line in pointed(error))


def test_the_end() -> None:
    searched = Searched(
        engine=Engine.SCAN, seconds=1.26, repositories=1_000, in_scope=2_000, files=1, lines=2, why_incomplete="Late."
    )
    read = "1,000 of 2,000 repositories searched in 1.3 s"
    assert list(ended(searched, files_only=False)) == [f"2 lines in 1 file; {read}", "Late."]
    assert list(ended(searched, files_only=True)) == [f"1 file; {read}", "Late."]


POINTED = [
    ("a (b", 2, ["  a (b", "    ^"]),
    ("a", 1, ["  a", "   ^"]),
    ("", 0, ["  ", "  ^"]),
    # Two cells for one character, and four for an escape.
    ("漢\x1b(", 2, [r"  漢\x1b(", "        ^"]),
    ("x" * 100 + "(" + "y" * 100, 100, ["  …" + "x" * 60 + "(" + "y" * 59 + "…", " " * 63 + "^"]),
]


@pytest.mark.parametrize(("query", "position", "expected"), POINTED)
def test_where_a_query_is_wrong(query: str, position: int, expected: list[str]) -> None:
    assert list(pointed(QueryError(query, position, "no"))) == expected
