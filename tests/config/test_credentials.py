from typing import Any

import pytest

from codehost.config.credentials import read_credentials
from codehost.config.surroundings import PLACEHOLDER
from codehost.model.codehosts import Credentials
from tests.config.inspecting import inspection, told

IN_URL = Credentials(username="in", password="url")

READ: list[tuple[dict[str, Any], Credentials | None, Credentials | None]] = [
    ({}, None, None),
    ({}, IN_URL, IN_URL),
    ({"username": "bob"}, None, Credentials(username="bob", password="")),
    ({"username": "bob", "password": "p:w"}, None, Credentials(username="bob", password="p:w")),
    ({"username": "bob", "password": {"env": "A"}}, None, Credentials(username="bob", password=PLACEHOLDER)),
    ({"username": 5}, None, None),
]

REFUSED: list[tuple[dict[str, Any], Credentials | None, list[str]]] = [
    ({"password": "p"}, None, ["password: stands without a username; add"]),
    ({"password": ""}, None, ["password: stands without a username; add", "password: is empty; "]),
    ({"username": "a:b"}, None, ["username: has a colon; "]),
    ({"username": "a", "password": "\n"}, None, ["password: has a line break or control character; remove it"]),
    ({"username": "a"}, IN_URL, ["url: has user information, and username is given too; keep one of the two"]),
]


@pytest.mark.parametrize(("members", "in_url", "credentials"), READ)
def test_credentials(members: dict[str, Any], in_url: Credentials | None, credentials: Credentials | None) -> None:
    at = inspection()
    assert read_credentials(members, in_url, at) == credentials
    assert told(at) == []


@pytest.mark.parametrize(("members", "in_url", "sentences"), REFUSED)
def test_what_is_wrong_with_them(members: dict[str, Any], in_url: Credentials | None, sentences: list[str]) -> None:
    at = inspection()
    read_credentials(members, in_url, at)
    assert len(told(at)) == len(sentences)
    assert all(found.startswith(sentence) for found, sentence in zip(told(at), sentences, strict=True))
