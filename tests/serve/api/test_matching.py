import pytest

from codehost.serve.api.matching import BadTagsError, entity_tag, is_known, is_meant


@pytest.mark.parametrize(
    ("values", "meant", "known"),
    [
        (["*"], True, True),
        (['"a"'], True, True),
        (['"b", "a"'], True, True),
        (['"b"', '"a"'], True, True),
        (['W/"a"'], False, True),
        (['"b"'], False, False),
        (['"A"'], False, False),
        (['""'], False, False),
    ],
)
def test_which_state_is_named(values: list[str], *, meant: bool, known: bool) -> None:
    assert (is_meant(values, "a"), is_known(values, "a")) == (meant, known)


@pytest.mark.parametrize("text", ["", "a", '"a', "a, *", '*, "a"', '"a" "b"', 'w/"a"', "'a'"])
def test_what_names_none(text: str) -> None:
    for ask in (is_meant, is_known):
        with pytest.raises(BadTagsError, match="with its quotes"):
            ask([text], "a")


def test_whoever_knows_nothing_knows_no_state() -> None:
    assert not is_known([], "a")


def test_a_tag_is_found_by_itself() -> None:
    assert is_meant([entity_tag("0f")], "0f")
