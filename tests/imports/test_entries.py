import pytest

from codehost.imports.entries import ImportedPin, Kind, LeftOut, leave_out, pinned
from codehost.model.pins import parse_pin


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_says_why_and_what_to_do(kind: Kind) -> None:
    left_out = leave_out(kind, "text", "file:1")
    assert left_out.reason
    assert left_out.advice
    assert str(left_out) == f"file:1: text {left_out.reason}; {left_out.advice}"


def test_a_pin_keeps_its_spelling() -> None:
    entry = pinned(" GitPython ", "3.1.0 ", "uv.lock (GitPython)")
    expected = ImportedPin(
        name="GitPython", version="3.1.0", origin="uv.lock (GitPython)", pin=parse_pin("gitpython==3.1.0")
    )
    assert entry == expected


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("", "1.0"),
        ("x", ""),
        ("x y", "1.0"),
        ("x", "1.*"),
        ("x", "latest"),
        ("x" * 201, "1.0"),
        ("x", "1+" + "a" * 200),
    ],
)
def test_what_no_mirror_can_have(name: str, version: str) -> None:
    entry = pinned(name, version, "f")
    assert isinstance(entry, LeftOut)
    assert entry.kind is Kind.VERSION


def test_a_place_is_on_one_line() -> None:
    assert leave_out(Kind.URL, "x", "a\nb").place == r"a\nb"
