"""From an address to a question, and back."""

from urllib.parse import parse_qsl

import pytest

from codehost.model.searching import SearchScope
from codehost.serve.pages.searchform import EACH, LINES, MOST_LINES, SearchForm, form_of

FORMS = [
    ("", SearchForm()),
    ("q=+def++f+", SearchForm(query="def  f")),
    ("q=x&project=Six_x,numpy++six.x", SearchForm(query="x", projects=("six-x", "numpy"))),
    ("q=x&project=Six==1.16.0", SearchForm(query="x", projects=("six",), version="1.16.0")),
    ("q=x&project=six==1.16.0&version=2", SearchForm(query="x", projects=("six",), version="2")),
    ("q=x&project===2", SearchForm(query="x", version="2")),
    ("q=x&host=a+b%00", SearchForm(query="x", code_host="a b")),
    ("q=x&all=1", SearchForm(query="x", all_versions=True)),
    ("q=x&all=yes&other=1", SearchForm(query="x")),
    ("q=x&lines=1000&each=7", SearchForm(query="x", lines=1_000, each=7)),
    ("q=x&lines=0&each=99999", SearchForm(query="x", lines=1, each=MOST_LINES)),
    ("q=x&lines=-1&each=9999999999", SearchForm(query="x")),
    ("q=x&lines=%C2%B2&each=x", SearchForm(query="x")),
    ("q=x&version=%00%E2%80%AE", SearchForm(query="x")),
]


def _form(address: str) -> SearchForm:
    return form_of(dict(parse_qsl(address)))


@pytest.mark.parametrize(("address", "form"), FORMS)
def test_forms(address: str, form: SearchForm) -> None:
    assert _form(address) == form
    assert _form(form.parameters()) == form


@pytest.mark.parametrize("text", ["a&b=c#d", '"é" \u202e ☃', "%00", "a\tb", "\ud800"])
def test_any_query_gets_through_an_address(text: str) -> None:
    address = SearchForm(query=text).parameters()
    assert address.isascii()
    assert set(dict(parse_qsl(address))) == {"q"}
    assert _form(address).query == text.replace("\ud800", "?")


def test_texts_are_bounded() -> None:
    form = _form("q=" + "x" * 9_000 + "&version=" + "1" * 9_000 + "&project=" + "+".join(map(str, range(900))))
    assert (len(form.query), len(form.version), len(form.projects)) == (2_500, 200, 20)


def test_the_question() -> None:
    plain = SearchForm(query="x").request(context=1, seconds=2)
    assert (plain.query, plain.context, plain.seconds, plain.lines, plain.lines_each) == ("x", 1, 2, LINES, EACH)
    assert plain.scope == SearchScope()
    narrow = SearchForm(query="x", projects=("a", "b"), version="1", code_host="h", all_versions=True)
    assert narrow.request(context=0, seconds=1).scope == SearchScope(
        code_host="h", projects=("a", "b"), version="1", latest=False
    )


NARROW = SearchForm(query="x", projects=("a", "b"), version="1", code_host="h", lines=5)
NEIGHBOURS = [
    (NARROW.everywhere(), "q=x"),
    (NARROW.in_all_versions(), "q=x&project=a+b&host=h&all=1&lines=5"),
    (NARROW.in_all_versions().in_latest_versions(), "q=x&project=a+b&host=h&lines=5"),
    (NARROW.with_more(), "q=x&project=a+b&version=1&host=h&lines=2000"),
    (NARROW.asking("y z"), "q=y+z&project=a+b&version=1&host=h"),
    (NARROW.within("c", "2", "k"), "q=x&project=c&version=2&host=k&lines=2000&each=2000"),
    (NARROW.meaning("project", "b", "bb"), "q=x&project=a+bb&version=1&host=h&lines=5"),
    (NARROW.meaning("version", "1", "1.0"), "q=x&project=a+b&version=1.0&host=h&lines=5"),
    (NARROW.meaning("code host", "h", "hh"), "q=x&project=a+b&version=1&host=hh&lines=5"),
]


@pytest.mark.parametrize(("form", "address"), NEIGHBOURS)
def test_neighbours(form: SearchForm, address: str) -> None:
    assert form.parameters() == address


@pytest.mark.parametrize(
    ("form", "latest", "filtered"),
    [
        (SearchForm(query="x"), True, False),
        (SearchForm(query="x", all_versions=True), False, False),
        (SearchForm(query="x", version="1"), False, True),
        (SearchForm(query="x", projects=("a",)), True, True),
        (SearchForm(query="x", code_host="h"), True, True),
    ],
)
def test_what_is_left_out(form: SearchForm, latest: bool, filtered: bool) -> None:  # noqa: FBT001 - rows of the table
    assert (form.latest_only, form.is_filtered) == (latest, filtered)
