from typing import Any

import pytest

from codehost.config.surroundings import PLACEHOLDER, ThisMachine
from codehost.config.tls import read_tls
from codehost.model.codehosts import Tls
from tests.config.inspecting import inspection, told

READ: list[tuple[dict[str, Any], Tls]] = [
    ({}, Tls()),
    ({"verifyTLS": True}, Tls()),
    ({"verifyTLS": False, "caBundle": "/ca"}, Tls(verify=False, ca_bundle="/ca")),
    ({"clientCertificate": "/c"}, Tls(client_certificate="/c")),
    (
        {"clientCertificate": "/c", "clientKey": "/k", "clientKeyPassword": {"env": "A"}},
        Tls(client_certificate="/c", client_key="/k", client_key_password=PLACEHOLDER),
    ),
    ({"caBundle": 5, "clientCertificate": None}, Tls()),
]

REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"caBundle": "ca.pem"}, ["caBundle: is no absolute path; "]),
    ({"caBundle": ""}, ["caBundle: is no absolute path; "]),
    ({"clientCertificate": "./c", "clientKey": "~/k"}, ["clientCertificate: is no abs", "clientKey: is no abs"]),
    ({"clientKey": "/k"}, ["clientKey: stands without a clientCertificate; add"]),
    ({"clientKeyPassword": "p"}, ["clientKeyPassword: stands without a clientCertificate; add"]),
    ({"clientCertificate": "/nowhere/c", "clientKeyPassword": ""}, ["clientKeyPassword: is empty; "]),
    ({"clientCertificate": "/nowhere/c", "clientKey": "k"}, ["clientKey: is no absolute path; "]),
    ({"caBundle": "/nowhere/ca"}, ["caBundle: needs the file /nowhere/ca, which does not exist; check the path"]),
    (
        {"caBundle": "/nowhere/ca", "clientCertificate": "/nowhere/c"},
        ["caBundle: needs the file", "clientCertificate: needs the file /nowhere/c, which does not exist"],
    ),
]


@pytest.mark.parametrize(("members", "tls"), READ)
def test_settings_are_read(members: dict[str, Any], tls: Tls) -> None:
    at = inspection()
    assert read_tls(members, at) == tls
    assert told(at) == []


@pytest.mark.parametrize(("members", "sentences"), REFUSED)
def test_what_is_wrong_with_them(members: dict[str, Any], sentences: list[str]) -> None:
    at = inspection(ThisMachine(environ={}))
    read_tls(members, at)
    assert len(told(at)) == len(sentences)
    assert all(found.startswith(sentence) for found, sentence in zip(told(at), sentences, strict=True))
