from codehost.model.searching import FileHits, LineHit, Span
from codehost.search.scan.cutting import hits, limited, text_bytes


def _line(text: str) -> LineHit:
    return LineHit(number=7, text=text, spans=(Span(start=0, end=1),))


def test_files() -> None:
    file = FileHits(path="a", language="", lines=(_line("ab"), _line("cd")))
    assert limited(file, 2) is file
    cut = limited(file, 1)
    assert (cut.lines, cut.more) == (file.lines[:1], True)
    assert (hits(file), hits(cut), hits(FileHits(path="a", language=""))) == (2, 1, 1)
    assert text_bytes(file) > text_bytes(cut) > 0
