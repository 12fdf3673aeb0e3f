from typing import Any

import pytest

from codehost.config.mirror_objects import read_mirror_object
from codehost.config.surroundings import ThisMachine
from codehost.model.codehosts import Credentials, Header, Mirror, Proxy, Tls
from tests.config.inspecting import inspection, told

PLAIN = Mirror(url="https://a", position=3, proxy=Proxy(url="http://common"))
IN_URL = Mirror(url="https://a", credentials=Credentials(username="u", password="p"))

FULL = {
    "url": "https://a",
    "username": {"env": "NAME"},
    "password": "word",
    "headers": {"X-A": "b"},
    "verifyTLS": False,
    "proxy": {"url": "http://own", "username": "c"},
    "connectTimeoutMs": 1500,
    "totalTimeoutMs": 60_000.0,
    "allowedHosts": ["Files.example", "10.0.0.7"],
    "ignoreStatusCodes": [403, 403, 418.0],
}

ONE = "keep one of the two: a request has one authorization"
CONFLICTS: list[tuple[Mirror, dict[str, Any], list[str]]] = [
    (IN_URL, {"bearerToken": "t"}, [f"bearerToken: stands beside the user information in url; {ONE}"]),
    (PLAIN, {"bearerToken": "t", "username": "a"}, [f"bearerToken: stands beside username; {ONE}"]),
    (
        PLAIN,
        {"bearerToken": "t", "headers": {"Authorization": "a"}},
        [f"headers/Authorization: stands beside bearerToken; {ONE}"],
    ),
    (
        PLAIN,
        {"username": "a", "headers": {"AUTHORIZATION": "a"}},
        [f"headers/AUTHORIZATION: stands beside username; {ONE}"],
    ),
    (
        IN_URL,
        {"headers": {"authorization": "a"}},
        [f"headers/authorization: stands beside the user information in url; {ONE}"],
    ),
    (PLAIN, {"headers": {"authorization": "a"}}, []),
    (
        PLAIN,
        {"bearerToken": {"env": "MISSING"}},
        ["bearerToken: names the environment variable MISSING, which is not set"],
    ),
]


def test_a_full_object() -> None:
    at = inspection(ThisMachine(environ={"NAME": "bob"}))
    assert read_mirror_object(FULL, PLAIN, at) == Mirror(
        url="https://a",
        position=3,
        credentials=Credentials(username="bob", password="word"),
        headers=(Header(name="X-A", value="b"),),
        tls=Tls(verify=False),
        proxy=Proxy(url="http://own", credentials=Credentials(username="c", password="")),
        connect_timeout=1.5,
        deadline=60.0,
        allowed_hosts=frozenset({"files.example", "10.0.0.7"}),
        ignore_status_codes=frozenset({403, 418}),
    )
    assert told(at) == []


def test_an_object_with_nothing_but_a_url_changes_nothing() -> None:
    assert read_mirror_object({"url": "https://a"}, PLAIN, inspection()) == PLAIN


def test_no_proxy_is_not_the_common_one() -> None:
    assert read_mirror_object({"url": "https://a", "proxy": None}, PLAIN, inspection()).proxy is None


def test_a_token_is_a_header() -> None:
    mirror = read_mirror_object({"bearerToken": "abc", "headers": {"X-A": "b"}}, PLAIN, inspection())
    assert mirror.headers == (Header(name="Authorization", value="Bearer abc"), Header(name="X-A", value="b"))
    assert "abc" not in repr(mirror)


@pytest.mark.parametrize(("mirror", "members", "sentences"), CONFLICTS)
def test_a_request_has_one_authorization(mirror: Mirror, members: dict[str, Any], sentences: list[str]) -> None:
    at = inspection(ThisMachine(environ={}))
    read_mirror_object(members, mirror, at)
    assert len(told(at)) == len(sentences)
    assert all(found.startswith(sentence) for found, sentence in zip(told(at), sentences, strict=True))


def test_a_disabled_mirror_needs_nothing_but_sound_words() -> None:
    at = inspection(ThisMachine(environ={}))
    members = {"enabled": False, "username": "a", "password": {"env": "MISSING"}, "caBundle": "/nowhere"}
    assert not read_mirror_object(members, PLAIN, at).enabled
    assert told(at) == []
    read_mirror_object({**members, "password": {"env": "no name"}}, PLAIN, at)
    assert len(told(at)) == 1


def test_wrong_types_are_passed_over() -> None:
    at = inspection()
    for wrong in (None, 5, "five", True, [], {}, [None], {"a": None}):
        members = {key: wrong for key in FULL if key not in {"url", "username", "password", "proxy"}}
        read_mirror_object(members, PLAIN, at)
    read_mirror_object({"username": 5, "password": [], "proxy": 7, "bearerToken": None}, Mirror(url="https://a"), at)
    assert [found.partition(":")[0] for found in told(at)] == ["bearerToken"]
