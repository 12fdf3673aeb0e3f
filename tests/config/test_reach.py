import json
from pathlib import PurePosixPath
from typing import Any

import pytest

from codehost.config.reach import Reach, refused
from codehost.config.restoring import KnownSecret, keep

URL = "https://a.example/simple"
FILE, ENV = {"file": "/etc/shadow"}, {"env": "DATABASE_URL"}
NOTHING = Reach()
ALLOWED = Reach(folders=(PurePosixPath("/run/secrets"),), variables=frozenset({"TOKEN"}))


def entry(**more: object) -> dict[str, object]:
    return {"url": URL, **more}


def pointers(value: Any, stored: object = None, reach: Reach = NOTHING) -> list[str]:
    findings = refused(value, "" if stored is None else json.dumps(stored), reach)
    return ["/".join(map(str, finding.path)) for finding in findings]


def of(**more: object) -> dict[str, object]:
    return {"urls": [entry(**more)]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (of(username="ann", password=FILE), ["urls/0/password"]),
        (of(username=ENV, password=ENV), ["urls/0/password", "urls/0/username"]),
        (of(bearerToken=FILE), ["urls/0/bearerToken"]),
        (of(headers={"X-Key": ENV}), ["urls/0/headers/X-Key"]),
        (of(caBundle="/etc/shadow"), ["urls/0/caBundle"]),
        (of(clientCertificate="/a", clientKey="/b"), ["urls/0/clientCertificate", "urls/0/clientKey"]),
        (of(clientCertificate="/a", clientKeyPassword=FILE), ["urls/0/clientKeyPassword", "urls/0/clientCertificate"]),
        (of(proxy={"url": "http://p:1", "username": "a", "password": FILE}), ["urls/0/proxy/password"]),
        ({"proxy": {"url": "http://p:1", "username": "a", "password": FILE}, "urls": [URL]}, ["proxy/password"]),
        (of(enabled=False, bearerToken=FILE), ["urls/0/bearerToken"]),
        ({"urls": [{"url": "nonsense", "bearerToken": FILE}]}, ["urls/0/bearerToken"]),
        (of(username="ann", password="literal"), []),
        ({"urls": ["https://ann:word@a.example", 7, None, {"headers": 3, "proxy": [], "url": {}}]}, []),
        ([], []),
        (None, []),
    ],
)
def test_what_a_new_document_may_not_refer_to(document: object, expected: list[str]) -> None:
    assert pointers(document) == expected


@pytest.mark.parametrize(
    ("reference", "allowed"),
    [
        ({"file": "/run/secrets/nexus"}, True),
        ({"file": "/run/secrets/deep/nexus"}, True),
        ({"file": "/run/secrets/../../etc/shadow"}, False),
        ({"file": "/run/secrets2/nexus"}, False),
        ({"file": "//run/secrets/nexus"}, False),
        ({"file": "run/secrets/nexus"}, False),
        ({"env": "TOKEN"}, True),
        ({"env": "TOKENS"}, False),
        ({"env": "token"}, False),
    ],
)
def test_what_the_operator_allows(reference: object, *, allowed: bool) -> None:
    assert (pointers(of(bearerToken=reference), reach=ALLOWED) == []) is allowed


STORED = of(username="ann", password=FILE, caBundle="/etc/ca.pem")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (STORED, []),
        ({"urls": ["https://b.example", *STORED["urls"]]}, []),  # type: ignore[misc]
        ({"urls": [{**entry(), "url": f"{URL}/", "username": "ann", "password": FILE}]}, []),
        (of(username="ann", password={"file": "/etc/passwd"}), ["urls/0/password"]),
        (of(username=FILE, password=FILE), ["urls/0/username"]),
        (of(bearerToken=FILE), ["urls/0/bearerToken"]),
        (of(username="ann", password=FILE, verifyTLS=False), ["urls/0/password"]),
        (of(username="ann", password=FILE, proxy="http://evil.example:1"), ["urls/0/password"]),
        ({"proxy": "http://evil.example:1", **of(username="ann", password=FILE)}, ["urls/0/password"]),
        ({"urls": [{"url": "https://evil.example/simple", "username": "ann", "password": FILE}]}, ["urls/0/password"]),
        ({"urls": [{"url": "http://a.example/simple", "username": "ann", "password": FILE}]}, ["urls/0/password"]),
    ],
)
def test_references_of_the_stored_document_stay_with_their_server(document: object, expected: list[str]) -> None:
    assert pointers(document, STORED) == expected


SECRET = KnownSecret(place="/urls/0/password", url=URL, value="hunter2")
WITH_SECRET = json.dumps({**of(username="ann", password="REDACTED"), "dependencies": []})


@pytest.mark.parametrize(
    ("more", "taken"),
    [
        ({}, True),
        ({"connectTimeoutMs": 9_000}, True),
        ({"proxy": "http://evil.example:1"}, False),
        ({"verifyTLS": False}, False),
    ],
)
def test_a_stored_secret_goes_the_way_it_went(more: dict[str, object], *, taken: bool) -> None:
    text = json.dumps({**of(username="ann", password="REDACTED", **more), "dependencies": []})
    kept = keep(text.encode(), WITH_SECRET, [SECRET], reach=NOTHING)
    assert (kept.config is not None) is taken
    assert [violation.pointer for violation in kept.violations] == ([] if taken else ["/urls/0/password"])
    # The operator may do as he likes.
    assert keep(text.encode(), WITH_SECRET, [SECRET]).config is not None


def test_a_second_entry_of_the_same_server_takes_no_secret_along() -> None:
    """Neither at once, nor with the entry made in one edit and the marker written in the next."""
    first = json.loads(WITH_SECRET)["urls"][0]
    bare = entry(proxy="http://evil.example:1", enabled=False)
    marked = {**bare, "username": "ann", "password": "REDACTED"}
    stored = json.dumps({"urls": [first, bare]})
    text = json.dumps({"urls": [first, marked]})
    for base in (WITH_SECRET, stored):
        kept = keep(text.encode(), base, [SECRET], reach=NOTHING)
        assert "/urls/1/password" in [violation.pointer for violation in kept.violations]


def test_what_is_told() -> None:
    [finding] = refused(of(bearerToken=FILE), "", NOTHING)
    assert finding.problem == "refers to a file of the server, which a document that comes over HTTP may not"
    assert finding.hint.endswith("let the operator of the server allow its folder with --allow-secret-files")
