import pytest

from codehost.config.tokens import TOKEN, Role, Spot, Walker, spot_at


def test_a_walk_knows_where_it_is() -> None:
    walker = Walker(("root",))
    walked = [(token[0], *walker.take(token[0])) for token in TOKEN.finditer('{"a" : [1, {}], "b": "x"}')]
    assert walked == [
        ("{", Role.OPEN, ("root",)),
        ('"a"', Role.KEY, ("root", "a")),
        ("[", Role.OPEN, ("root", "a")),
        ("1", Role.VALUE, ("root", "a", 0)),
        (",", Role.COMMA, ("root", "a", 1)),
        ("{", Role.OPEN, ("root", "a", 1)),
        ("}", Role.CLOSE, ("root", "a", 1)),
        ("]", Role.CLOSE, ("root", "a")),
        (",", Role.COMMA, ("root",)),
        ('"b"', Role.KEY, ("root", "b")),
        ('"x"', Role.VALUE, ("root", "b")),
        ("}", Role.CLOSE, ("root",)),
    ]


@pytest.mark.parametrize(
    ("before", "after", "spot"),
    [
        ("", "x", Spot(path=(), in_brackets=False, in_token=False)),
        ("[", "x", Spot(path=(0,), in_brackets=True, in_token=False)),
        ("[1, ", "x", Spot(path=(1,), in_brackets=True, in_token=False)),
        ("[1 ", "x", Spot(path=(0,), in_brackets=True, in_token=False)),
        ("{", "x", Spot(path=(), in_brackets=True, in_token=False)),
        ('{"a"', "x", Spot(path=("a",), in_brackets=True, in_token=False)),
        ('{"a": ', "x", Spot(path=("a",), in_brackets=True, in_token=False)),
        ('{"a": 1 ', "x", Spot(path=("a",), in_brackets=True, in_token=False)),
        ('{"a": 1, ', "x", Spot(path=(), in_brackets=True, in_token=False)),
        ('{"a": [{}, {"b": ', "x", Spot(path=("a", 1, "b"), in_brackets=True, in_token=False)),
        ('{"a": [{"b": 1}] ', "x", Spot(path=("a",), in_brackets=True, in_token=False)),
        ('{"a": 1} ', "x", Spot(path=(), in_brackets=False, in_token=False)),
        ('{"a": ', '"never closed, {', Spot(path=("a",), in_brackets=True, in_token=False)),
        ('{"a": "never clo', "sed, {", Spot(path=("a",), in_brackets=True, in_token=True)),
        ('{"a": "in, {', ' a string"', Spot(path=("a",), in_brackets=True, in_token=True)),
        ('{"in a', ' key"', Spot(path=(), in_brackets=True, in_token=True)),
        ('{"a": 12', "34", Spot(path=("a",), in_brackets=True, in_token=True)),
        ('{"a": "x\\"', ', y"', Spot(path=("a",), in_brackets=True, in_token=True)),
    ],
)
def test_a_beginning_tells_where_it_ends(before: str, after: str, spot: Spot) -> None:
    assert spot_at(before + after, len(before)) == spot
