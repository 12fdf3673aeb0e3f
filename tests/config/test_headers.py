import pytest

from codehost.config.headers import read_headers
from codehost.config.surroundings import PLACEHOLDER
from codehost.model.codehosts import Header
from tests.config.inspecting import AT, inspection, told

OWN = [
    "Host",
    "content-length",
    "Transfer-Encoding",
    "CONNECTION",
    "te",
    "Upgrade",
    "Accept",
    "accept-encoding",
    "Range",
]

REFUSED = [
    ("", "is no name of a header; write the name as the key"),
    ("X Api", "is no name of a header; write the name as the key"),
    ("X-Api: hidden", "is no name of a header; write the name as the key"),
    ("Überschrift", "is no name of a header; write the name as the key"),
    ("Proxy-Authorization", 'is for the proxy; give "proxy" a username and a password'),
    *((name, "is a header that codehost sets by itself; remove it") for name in OWN),
]


def test_headers_keep_their_order() -> None:
    at = inspection()
    value = {"X-B": "1", "User-Agent": {"env": "AGENT"}, "authorization": "Basic a", "x!#$%&'*+-.^_`|~9": "2"}
    assert read_headers(value, at) == (
        Header(name="X-B", value="1"),
        Header(name="User-Agent", value=PLACEHOLDER),
        Header(name="authorization", value="Basic a"),
        Header(name="x!#$%&'*+-.^_`|~9", value="2"),
    )
    assert told(at) == []


@pytest.mark.parametrize("value", [None, [], "X-A: b", {}, {"X-A": 5}])
def test_what_is_none_is_passed_over(value: object) -> None:
    at = inspection()
    assert read_headers(value, at) == ()
    assert told(at) == []


@pytest.mark.parametrize(("name", "sentence"), REFUSED)
def test_a_name_that_cannot_be_sent(name: str, sentence: str) -> None:
    at = inspection()
    read_headers({name: "hidden"}, at)
    [found] = at.findings
    assert found.at_key
    assert f"{found.problem}; {found.hint}".startswith(sentence)
    assert found.path == (*AT, name)


def test_a_header_is_given_once() -> None:
    at = inspection()
    read_headers({"X-A": "1", "X-B": "2", "x-a": "3", "X-a": "4"}, at)
    assert [(one.path[-1], one.first, one.at_key) for one in at.findings] == [
        ("x-a", (*AT, "X-A"), True),
        ("X-a", (*AT, "X-A"), True),
    ]


def test_a_value_that_cannot_be_sent() -> None:
    at = inspection()
    read_headers({"X-A": "hidden\r\nHost: evil", "X-B": ""}, at)
    assert [found.partition(";")[0] for found in told(at)] == [
        "X-A: has a line break or control character",
        "X-B: is empty",
    ]
