import pytest

from codehost.search.query.bounds import Bounds, Piece
from codehost.search.query.hits import LONGEST, line_hits, memory_bytes, spans, without_overlaps

OVERLAPS: list[tuple[list[list[Piece]], list[Piece]]] = [
    ([], []),
    ([[(0, 2), (4, 5)]], [(0, 2), (4, 5)]),
    ([[(0, 2), (4, 5)], [(2, 4)]], [(0, 2), (2, 4), (4, 5)]),
    ([[(0, 2)], [(0, 5)]], [(0, 5)]),
    ([[(0, 3)], [(2, 9), (10, 11)]], [(0, 3), (10, 11)]),
    ([[(1, 3)], [(0, 2)], [(2, 4)]], [(0, 2), (2, 4)]),
]

SPANS: list[tuple[bytes, list[Piece], list[tuple[int, int]]]] = [
    (b"abc", [(0, 1), (1, 3)], [(0, 1), (1, 3)]),
    (b"abc", [(2, 4)], [(2, 3)]),
    (b"abc", [(3, 4)], []),
    ("éa€b".encode(), [(0, 2), (3, 6), (6, 7)], [(0, 1), (2, 3), (3, 4)]),
    ("é".encode(), [(0, 4)], [(0, 1)]),
    ("é".encode(), [(2, 3)], []),
]

LINES: list[tuple[bytes, list[Piece], list[tuple[int, str, list[tuple[int, int]]]]]] = [
    (b"", [], []),
    (b"ab\ncd", [(3, 4)], [(2, "cd", [(0, 1)])]),
    (b"ab\ncd\n", [(0, 1), (1, 2), (4, 5)], [(1, "ab", [(0, 1), (1, 2)]), (2, "cd", [(1, 2)])]),
    (b"ab\n\ncd\n", [(1, 5)], [(1, "ab", [(1, 2)]), (3, "cd", [(0, 1)])]),
    (b"ab\ncd", [(2, 3)], []),
    (b"ab\ncd", [(2, 4), (4, 5)], [(2, "cd", [(0, 1), (1, 2)])]),
    (b"\n\nab\ncd\n\nef", [(2, 3), (3, 4), (9, 11)], [(3, "ab", [(0, 1), (1, 2)]), (6, "ef", [(0, 2)])]),
    (
        b"ab\ncd\nef",
        [(0, 4), (4, 7), (7, 8)],
        [(1, "ab", [(0, 2)]), (2, "cd", [(0, 1), (1, 2)]), (3, "ef", [(0, 1), (1, 2)])],
    ),
    (b"ab\r\ncd", [(1, 3)], [(1, "ab", [(1, 2)])]),
    (b"ab\r\ncd", [(2, 3)], [(1, "ab", [])]),
]


@pytest.mark.parametrize(("matches", "expected"), OVERLAPS)
def test_without_overlaps(matches: list[list[Piece]], expected: list[Piece]) -> None:
    assert list(without_overlaps(matches)) == expected


@pytest.mark.parametrize(("text", "pieces", "expected"), SPANS)
def test_spans_are_in_characters(text: bytes, pieces: list[Piece], expected: list[tuple[int, int]]) -> None:
    assert [(span.start, span.end) for span in spans(text, pieces)] == expected


@pytest.mark.parametrize(("content", "matches", "expected"), LINES)
def test_lines(content: bytes, matches: list[Piece], expected: list[tuple[int, str, list[tuple[int, int]]]]) -> None:
    found, more = line_hits(content, matches)
    assert [(hit.number, hit.text, [(s.start, s.end) for s in hit.spans]) for hit in found] == expected
    assert not more


LONG = "".join(chr(97 + at % 26) for at in range(5_000))
WIDE = "é€😀x" * 1_250
CUT: list[tuple[str, list[Piece], int, list[Piece]]] = [
    (LONG, [(0, 3)], 0, [(0, 3)]),
    (LONG, [(50, 60), (999, 1_001), (4_000, 4_001)], 0, [(50, 60), (999, 1_000)]),
    (LONG, [(2_000, 2_010), (2_899, 2_950)], 1_900, [(100, 110), (999, 1_000)]),
    (LONG, [(4_990, 5_000)], 4_000, [(990, 1_000)]),
    (LONG, [(0, 5_000)], 0, [(0, 1_000)]),
    (WIDE, [(0, 1), (3, 5)], 0, [(0, 1), (3, 5)]),
    (WIDE, [(2_000, 2_002), (2_899, 2_901), (3_000, 3_001)], 1_900, [(100, 102), (999, 1_000)]),
    (WIDE, [(4_999, 5_000)], 4_000, [(999, 1_000)]),
]


@pytest.mark.parametrize(("text", "pieces", "offset", "shown"), CUT)
@pytest.mark.parametrize("end", ["", "\r\nnext"])
def test_long_lines_are_cut(text: str, pieces: list[Piece], offset: int, shown: list[Piece], end: str) -> None:
    content = f"é\n{text}{end}".encode()
    in_bytes = [(3 + len(text[:start].encode()), 3 + len(text[:stop].encode())) for start, stop in pieces]
    ((line,), more) = line_hits(content, in_bytes)
    assert (line.cut, line.offset, line.number, more) == (True, offset, 2, False)
    assert line.text == text[offset : offset + LONGEST]
    assert [(span.start, span.end) for span in line.spans] == shown


@pytest.mark.parametrize("text", ["x" * LONGEST, "😀" * LONGEST, "x" * LONGEST + "\r"])
def test_lines_that_just_fit_stay(text: str) -> None:
    ((line,), _) = line_hits(text.encode(), [(0, 4)])
    assert (line.text, line.cut, line.offset) == (text.rstrip("\r"), False, 0)


@pytest.mark.parametrize("text", [LONG, WIDE, "😀" * LONGEST, "x" * LONGEST + "\r"])
def test_lines_of_context_are_cut_at_their_end(text: str) -> None:
    content = f"{text}\nfoo\n{text}".encode()
    at = content.index(b"foo")
    ((line,), _) = line_hits(content, [(at, at + 3)], Bounds(context=1))
    assert (line.before, line.after) == ((text[:LONGEST],), (text[:LONGEST],))


def test_a_match_of_a_long_line_s_end_alone_shows_its_beginning() -> None:
    ((line,), _) = line_hits(f"{LONG}\r\n".encode(), [(5_000, 5_001)])
    assert (line.text, line.offset, line.spans) == (LONG[:LONGEST], 0, ())


def test_hits_fill_so_much_memory() -> None:
    content = b"0123456789\n" * 1_000
    matches = [(at, at + 1) for at in range(0, len(content), 11)]
    every, _ = line_hits(content, matches, Bounds(context=5))
    some, more = line_hits(content, matches, Bounds(context=5, memory_bytes=100_000))
    assert (some, more) == (every[: len(some)], True)
    assert sum(map(memory_bytes, some[:-1])) < 100_000 <= sum(map(memory_bytes, some))
