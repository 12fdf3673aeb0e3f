import pytest

from codehost.config.violations import Path, Violation, by_place, pointer_of


@pytest.mark.parametrize(
    ("path", "pointer"),
    [((), ""), (("a",), "/a"), (("a", 0), "/a/0"), (("",), "/"), (("a/b", "m~n", "~1"), "/a~1b/m~0n/~01")],
)
def test_pointers_follow_rfc_6901(path: Path, pointer: str) -> None:
    assert pointer_of(path) == pointer


def test_a_violation_reads_as_one_line() -> None:
    found = Violation(pointer="/a", line=3, column=5, text='"x"', problem="is wrong", hint="mend it")
    assert str(found) == 'line 3, column 5: /a: "x" is wrong; mend it'
    assert found.without_place == '/a: "x" is wrong; mend it'
    empty = Violation(pointer="", line=1, column=1, text="", problem="is empty", hint="write something")
    assert str(empty) == f"line 1, column 1: {empty.without_place}"
    assert empty.without_place == "the document is empty; write something"


def test_violations_come_in_the_order_of_the_document() -> None:
    places = [(2, 1), (1, 9), (1, 10), (1, 2)]
    found = [Violation(pointer="", line=at[0], column=at[1], text="", problem="", hint="") for at in places]
    assert [(one.line, one.column) for one in by_place(found)] == sorted(places)
