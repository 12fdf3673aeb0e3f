import pytest

from codehost.config.places import Lines, at_offset, find_places, locate
from codehost.config.violations import Finding, Path

DOCUMENT = '{"a/b": [1, {"~": "x"}],\r\n "": {},\n\n  "é": [[], [true]]}'

VALUES: list[tuple[Path, str]] = [
    ((), DOCUMENT),
    (("a/b",), '[1, {"~": "x"}]'),
    (("a/b", 0), "1"),
    (("a/b", 1), '{"~": "x"}'),
    (("a/b", 1, "~"), '"x"'),
    (("",), "{}"),
    (("é", 0), "[]"),
    (("é", 1, 0), "true"),
]


@pytest.mark.parametrize(("path", "text"), VALUES)
def test_every_value_has_its_place(path: Path, text: str) -> None:
    start, end = find_places(DOCUMENT).values[path]
    assert DOCUMENT[start:end] == text


@pytest.mark.parametrize(
    ("offset", "place"), [(0, (1, 1)), (3, (1, 4)), (4, (2, 1)), (5, (3, 1)), (6, (4, 1)), (8, (4, 3))]
)
def test_lines_end_as_editors_end_them(offset: int, place: tuple[int, int]) -> None:
    assert Lines("ab\r\n\n\récd").place(offset) == place


def test_a_finding_is_located_by_value_or_by_key() -> None:
    findings = [
        Finding(path=("a/b", 1, "~"), problem="is wrong", hint="mend it"),
        Finding(path=("é",), problem="is unknown", hint="drop it", at_key=True),
        Finding(path=("é", 0), problem="repeats what stands", hint="drop it", first=("a/b", 0)),
    ]
    assert [str(violation) for violation in locate(DOCUMENT, DOCUMENT, findings)] == [
        'line 1, column 19: /a~1b/1/***: "***" is wrong; mend it',
        'line 4, column 3: /é: "é" is unknown; drop it',
        "line 4, column 9: /é/0: [] repeats what stands on line 1; drop it",
    ]


def test_repeated_keys_are_found_within_their_object_only() -> None:
    text = '{"limits": {"x": 1, "y": 2},\n "limits": {"x": 1,\n  "x": 2}}'
    assert [str(violation) for violation in locate(text, text, [])] == [
        'line 2, column 2: /limits: "limits" is a key that line 1 has already; keep one of the two',
        'line 3, column 3: /limits/x: "x" is a key that line 2 has already; keep one of the two',
    ]


def test_a_place_in_the_text_shows_what_stands_there() -> None:
    found = at_offset("[1,\n  2 3,\n", 8, "is too much", "drop it")
    assert (found.pointer, found.line, found.column, found.text) == ("", 2, 5, "3")


def test_depth_beyond_any_recursion_is_no_matter() -> None:
    assert find_places("[" * 2_000 + "]" * 2_000).values[()] == (0, 4_000)
