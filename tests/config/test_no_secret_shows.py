"""A canary in the place of every secret, a document broken in every way, and nobody ever sings."""

import json
import re
from collections.abc import Iterator

import pytest

from codehost.config.loading import load
from codehost.config.surroundings import ThisMachine

CANARY = "QZ"
DOCUMENT = r"""{
  "urls": [
    "https://QZuser:QZpass@a.example/s", // first
    { "url": "http://b", "username": "QZname", "password": "QZ\"a, {[:]} // QZ \u0051Z", "headers": { "X-A": "QZa" } },
    {
      "url": "http://QZuser:QZpass@c", "clientCertificate": "/c", "clientKeyPassword": "QZkey",
      "proxy": { "url": "http://p:1", "username": "QZname", "password": "QZpass" },
    },
    { "url": "http://d", "bearerToken": "QZtoken", "proxy": "http://QZuser:QZpass@p" } /* last */
  ],
  "proxy": "http://QZuser:QZpass@p:80",
}"""
INSERTED = ['"', ",", "}", "[", "\\", "\n", " /*", "5", "@"]
IN_PLACE = ["", "5", "null", "[]", '{"env": 5}', '{"file": "x"}', '"a" true']
AROUND = ["[{}]", '{{"x": {}}}', "{{{}: 1}}", '{{"env": [{}]}}', '"{}', '{}"', "{} {}", '"" {}']
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]|[^\s"\[\]{},:]+')


def broken() -> Iterator[str]:
    for at in range(len(DOCUMENT) + 1):
        before, after = DOCUMENT[:at], DOCUMENT[at:]
        yield from (before, after, before + after[1:])
        yield from (f"{before}{text}{after}" for text in INSERTED)
    for token in TOKEN.finditer(DOCUMENT):
        before, after = DOCUMENT[: token.start()], DOCUMENT[token.end() :]
        yield from (f"{before}{text}{after}" for text in IN_PLACE)
        yield from (f"{before}{text.format(token[0], token[0])}{after}" for text in AROUND)
        yield f"{before}'{token[0][1:-1]}'{after}"
        yield f"{before}{token[0].strip(chr(34))}{after}"


def test_a_sound_document_gives_its_secrets_to_its_mirrors_only() -> None:
    loaded = load(DOCUMENT.encode())
    assert loaded.config
    assert loaded.config.mirrors[1].credentials
    assert loaded.config.mirrors[1].credentials.password == 'QZ"a, {[:]} // QZ QZ'
    assert CANARY not in loaded.storable
    assert CANARY not in repr(loaded)
    assert CANARY not in "".join(map(str, loaded.config.mirrors))
    assert load(loaded.storable.encode()).violations


def test_a_broken_document_keeps_its_secrets() -> None:
    told = 0
    for text in broken():
        loaded = load(text.encode())
        told += len(loaded.violations)
        for shown in (loaded.storable, repr(loaded), *map(str, loaded.violations)):
            assert CANARY not in shown, text
    assert told > len(DOCUMENT) * len(INSERTED) / 2


@pytest.mark.parametrize("value", ["a:QZ", "\x01QZ", "Bearer QZ", "QZ QZ\n", " QZ", "QZ\udc80", "Q" * 2000 + "QZ"])
@pytest.mark.parametrize("key", ["username", "password", "bearerToken", "headers", "clientKeyPassword"])
def test_what_a_variable_holds_is_not_told(key: str, value: str) -> None:
    secret: object = {"env": "SECRET"}
    mirror = {"url": "http://a", "username": "a", key: {"X-A": secret} if key == "headers" else secret}
    mirror |= {"clientCertificate": "/nowhere"} if key == "clientKeyPassword" else {}
    loaded = load(json.dumps({"urls": [mirror]}).encode(), ThisMachine(environ={"SECRET": value}))
    assert CANARY not in repr(loaded)
    assert CANARY not in "".join(map(str, loaded.violations))
