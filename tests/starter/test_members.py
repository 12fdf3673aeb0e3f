from dataclasses import replace

import pytest

from codehost.starter.addresses import parse_address, parse_proxy
from codehost.starter.members import Json, entry_of, proxy_member, strategy_member
from codehost.starter.merge import Draft
from codehost.starter.references import Naming
from codehost.starter.settings import Setting

URL = "https://h.example.com/simple"
DRAFT = Draft(address=parse_address(URL), origins=("index-url in /x",), credentials_origin="index-url in /x")


def text(value: str) -> Setting[str]:
    return Setting(value=value, origin="its place")


# A draft, the keys beside url, and a phrase of a comment above the first of them.
DRAFTS: list[tuple[Draft, dict[str, Json], str]] = [
    (DRAFT, {}, ""),
    (
        replace(DRAFT, address=parse_address("https://u:p@h.example.com/simple")),
        {
            "username": {"env": "CODEHOST_H_EXAMPLE_COM_USERNAME"},
            "password": {"env": "CODEHOST_H_EXAMPLE_COM_PASSWORD"},
        },
        "Not copied here",
    ),
    (replace(DRAFT, unverified="trusted-host"), {"verifyTLS": False}, "Careful: trusted-host turns the check"),
    (replace(DRAFT, ca_bundle=text("/ca.pem")), {"caBundle": "/ca.pem"}, "From its place."),
    (replace(DRAFT, client_certificate=text("/me.pem")), {"clientCertificate": "/me.pem"}, "From its place."),
    (
        replace(DRAFT, connect_timeout_ms=Setting(value=1500, origin="its place")),
        {"connectTimeoutMs": 1500},
        "From its place.",
    ),
    (replace(DRAFT, ignored_statuses=(200, 403, 600)), {"ignoreStatusCodes": [403]}, "not here"),
    (replace(DRAFT, ignored_statuses=(200,)), {}, ""),
    (replace(DRAFT, unproxied="NO_PROXY"), {"proxy": None}, "No proxy: from NO_PROXY."),
    (replace(DRAFT, explicit=True), {"enabled": False}, "Switched off"),
]


@pytest.mark.parametrize(("draft", "keys", "phrase"), DRAFTS)
def test_the_keys_of_a_mirror(draft: Draft, keys: dict[str, Json], phrase: str) -> None:
    entry = entry_of(draft, Naming({}))
    assert {member.key: member.value for member in entry.members} == {"url": URL, **keys}
    assert entry.comments == ("From index-url in /x.",)
    assert not keys or phrase in " ".join(entry.members[1].comments)


def test_credentials_that_are_kept_elsewhere() -> None:
    entry = entry_of(replace(DRAFT, wants_credentials=True), Naming({}))
    assert [member.key for member in entry.members] == ["url"]
    assert '{ "env": "CODEHOST_H_EXAMPLE_COM_PASSWORD" }' in entry.comments[1]
    assert "keyring" in entry.notes[0]
    known = replace(DRAFT, wants_credentials=True, address=parse_address("https://u:p@h.example.com/simple"))
    assert "keyring" not in repr(entry_of(known, Naming({})))


def test_a_mirror_that_is_switched_off_is_noted() -> None:
    assert URL in entry_of(replace(DRAFT, explicit=True), Naming({})).notes[0]


@pytest.mark.parametrize(
    ("url", "value", "noted"),
    [
        ("p.example.com:3128", "http://p.example.com:3128", False),
        (
            "http://u:p@p.example.com:3128",
            {
                "url": "http://p.example.com:3128",
                "username": {"env": "CODEHOST_P_EXAMPLE_COM_3128_USERNAME"},
                "password": {"env": "CODEHOST_P_EXAMPLE_COM_3128_PASSWORD"},
            },
            True,
        ),
    ],
)
def test_the_proxy(url: str, value: Json, noted: bool) -> None:  # noqa: FBT001 - a table's column
    member, notes = proxy_member(Setting(value=parse_proxy(url), origin="PIP_PROXY"), Naming({}))
    assert (member.key, member.value, bool(notes)) == ("proxy", value, noted)
    assert "From PIP_PROXY." in member.comments[0]


def test_only_the_strategy_that_codehost_has_is_a_key() -> None:
    member = strategy_member(text("first-index"))
    assert member
    assert (member.key, member.value) == ("indexStrategy", "first-index")
    assert strategy_member(text("unsafe-best-match")) is None
