import json
from itertools import islice
from random import Random
from typing import Any

import pytest

from codehost.config.loading import load
from codehost.config.restoring import Kept, KnownSecret, UnknownSecretError, keep, restore
from tests.config.test_no_secret_shows import CANARY, broken

A, B, PROXY = "https://a.example/simple", "https://b.example/simple", "http://proxy:3128"

# A document, what is stored of it, and the secrets: place, URL, value.
TAKEN: list[tuple[str, str, list[tuple[str, str, str]]]] = [
    ('{"urls": ["https://a"]} // ours', '{"urls": ["https://a"]} // ours', []),
    (
        '{"urls": ["https://b", "https://u:p%40@a/s/"],}',
        '{"urls": ["https://b", "https://REDACTED@a/s/"],}',
        [("/urls/1", "https://a/s", "u:p%40")],
    ),
    (
        '{"urls": [{"url": "https://u@a", "clientCertificate": "/c", "clientKeyPassword": "k"}]}',
        '{"urls": [{"url": "https://REDACTED@a", "clientCertificate": "/c", "clientKeyPassword": "REDACTED"}]}',
        [("/urls/0/url", "https://a", "u"), ("/urls/0/clientKeyPassword", "https://a", "k")],
    ),
    (
        r'{"urls": [{"url": "https://a/", "headers": {"X-A": "q\"\u00e9", "X-B": {"env": "B"}}, "bearerToken": "t"}]}',
        (
            '{"urls": [{"url": "https://a/", "headers": {"X-A": "REDACTED", "X-B": {"env": "B"}},'
            ' "bearerToken": "REDACTED"}]}'
        ),
        [("/urls/0/bearerToken", "https://a", "t"), ("/urls/0/headers/X-A", "https://a", 'q"é')],
    ),
    (
        (
            '{"urls": [{"url": "https://a", "proxy": {"url": "http://p:1", "username": "u", "password": "w"}}],'
            ' "proxy": "http://x:y@p:2"}'
        ),
        (
            '{"urls": [{"url": "https://a", "proxy": {"url": "http://p:1", "username": "REDACTED", "password":'
            ' "REDACTED"}}], "proxy": "http://REDACTED@p:2"}'
        ),
        [
            ("/proxy", "http://p:2", "x:y"),
            ("/urls/0/proxy/username", "http://p:1", "u"),
            ("/urls/0/proxy/password", "http://p:1", "w"),
        ],
    ),
    ('{"urls": []} // password: hunter2', '{"urls": []} // (withheld)', []),
]


@pytest.mark.parametrize(("text", "stored", "secrets"), TAKEN)
def test_secrets_are_taken_out_and_put_back(text: str, stored: str, secrets: list[tuple[str, str, str]]) -> None:
    kept = keep(text.encode())
    assert kept.violations == ()
    assert kept.text == stored
    assert [(secret.place, secret.url, secret.value) for secret in kept.secrets] == secrets
    assert load(restore(stored, kept.secrets).encode()).config == load(text.encode()).config
    assert all(value not in repr(kept) for _, _, value in secrets if len(value) > 1)


def stored_of(*urls: object, **more: object) -> Kept:
    kept = keep(json.dumps({"urls": urls, **more}).encode())
    assert kept.violations == ()
    return kept


def entry(url: str, **members: object) -> dict[str, object]:
    return {"url": url, **members}


def edited(before: Kept, *urls: object, **more: object) -> Kept:
    return keep(json.dumps({"urls": urls, **more}).encode(), before.text, before.secrets)


def values(kept: Kept) -> dict[str, str]:
    assert [str(violation) for violation in kept.violations] == []
    return {secret.place: secret.value for secret in kept.secrets}


RED = "REDACTED"
USER: dict[str, Any] = {"username": RED, "password": RED}
BEFORE = stored_of(
    "https://ann:one@a.example/simple",
    entry(B, username="bob", password="two", proxy=entry(PROXY, username="pb", password="three")),
    entry("https://c.example", headers={"X-Key": "four"}, proxy=entry(PROXY, username="pc", password="five")),
    proxy="http://p:six@other:1",
)

KEPT: dict[str, tuple[list[object], dict[str, object], dict[str, str]]] = {
    "as it was": (["https://REDACTED@a.example/simple"], {}, {"/urls/0": "ann:one"}),
    "moved": (
        [entry(B, **USER), "https://REDACTED@a.example/simple"],
        {},
        {"/urls/0/username": "bob", "/urls/0/password": "two", "/urls/1": "ann:one"},
    ),
    "from a string to an object": ([entry("https://REDACTED@a.example/simple")], {}, {"/urls/0/url": "ann:one"}),
    "a URL that means the same": (
        [entry("HTTPS://B.example:443/simple/", **USER)],
        {},
        {"/urls/0/username": "bob", "/urls/0/password": "two"},
    ),
    "a header in other letters": (
        [entry("https://c.example", headers={"x-key": RED})],
        {},
        {"/urls/0/headers/x-key": "four"},
    ),
    "one of the two is new": (
        [entry(B, username=RED, password="new")],
        {},
        {"/urls/0/username": "bob", "/urls/0/password": "new"},
    ),
    "one is a reference now": (
        [entry(B, username=RED, password={"env": "P"})],
        {},
        {"/urls/0/username": "bob"},
    ),
    "one proxy under two mirrors, moved": (
        [entry("https://c.example", proxy=entry(PROXY, **USER)), entry(B, proxy=entry(PROXY, **USER))],
        {},
        {
            "/urls/0/proxy/username": "pc",
            "/urls/0/proxy/password": "five",
            "/urls/1/proxy/username": "pb",
            "/urls/1/proxy/password": "three",
        },
    ),
    "a proxy for one mirror now": (
        [entry("https://d.example", proxy="http://REDACTED@other:1")],
        {},
        {"/urls/0/proxy": "p:six"},
    ),
    "nothing": ([], {}, {}),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_secret_stays_with_its_url(case: str) -> None:
    urls, more, secrets = KEPT[case]
    kept = edited(BEFORE, *urls, **more)
    assert values(kept) == secrets
    assert all(value not in kept.text for value in secrets.values())


REFUSED: dict[str, tuple[list[object], list[str]]] = {
    "another path": (
        ["https://REDACTED@a.example/other"],
        ["/urls/0: stands for the user name and password that belonged to https://a.example/simple"],
    ),
    "another scheme": (
        ["https://x", entry("http://b.example/simple", **USER)],
        [
            f"/urls/1/username: stands for the user name that belonged to {B}",
            f"/urls/1/password: stands for the password that belonged to {B}",
        ],
    ),
    "another proxy": (
        ["https://x", entry(B, proxy=entry("http://evil:1", **USER))],
        [
            f"/urls/1/proxy/username: stands for the user name that belonged to {PROXY}",
            f"/urls/1/proxy/password: stands for the password that belonged to {PROXY}",
        ],
    ),
    "a proxy at a mirror's URL": (
        [entry("https://x", proxy="http://REDACTED@a.example")],
        ["/urls/0/proxy: stands for a secret that is not known for this URL"],
    ),
    "of another kind": (
        [entry(B, bearerToken=RED)],
        ["/urls/0/bearerToken: stands for a secret that is not known for this URL"],
    ),
    "never known": ([entry("https://d", headers={"X": RED})], ["/urls/0/headers/X: stands for a secret that is not"]),
    "one of two, at a new place": (
        ["https://x", "https://y", "https://z", entry("https://d", proxy=entry(PROXY, **USER))],
        [
            "/urls/3/proxy/username: stands for one of several secrets of this URL",
            "/urls/3/proxy/password: stands for one of several secrets of this URL",
        ],
    ),
    "half of it": (["https://REDACTED:new@a.example/simple"], ["/urls/0: has user information of which one half is"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_secret_goes_to_no_other_url(case: str) -> None:
    urls, problems = REFUSED[case]
    kept = edited(BEFORE, *urls)
    assert (kept.text, kept.secrets, kept.config) == ("", (), None)
    told = [f"{violation.pointer}: {violation.problem}" for violation in kept.violations]
    assert len(told) == len(problems)
    assert all(said.startswith(problem) for said, problem in zip(told, problems, strict=True))
    assert all(violation.hint for violation in kept.violations)
    shown = "".join(map(str, kept.violations))
    assert not any(secret.value in shown for secret in BEFORE.secrets)


def test_all_mistakes_are_told_at_once_and_where_they_are() -> None:
    text = (
        b'{"urls": [\n"https://REDACTED@new", 5],\n"dependencies": ["six"], "proxy": "http://REDACTED@other:1", "x": 1}'
    )
    violations = keep(text, BEFORE.text, BEFORE.secrets).violations
    assert [(violation.line, violation.column, violation.pointer) for violation in violations] == [
        (2, 1, "/urls/0"),
        (2, 25, "/urls/1"),
        (3, 18, "/dependencies/0"),
        (3, 62, "/x"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "5", "{", '{"urls": 5}', '{"urls": [{"url": 5, "password": "REDACTED"}]}', '{"urls": [], "urls": []}'],
)
def test_what_is_no_document_is_refused(text: str) -> None:
    kept = keep(text.encode(), BEFORE.text, BEFORE.secrets)
    assert kept.violations
    assert len(set(kept.violations)) == len(kept.violations)


def test_text_in_another_encoding_is_refused() -> None:
    assert [violation.problem for violation in keep("{}".encode("utf-16")).violations] == ["is in UTF-16, not UTF-8"]


def test_a_document_without_its_secrets_is_not_usable() -> None:
    kept = stored_of(entry(A, username="ann", password="one"))
    with pytest.raises(UnknownSecretError, match=rf"the password of {A} \(at /urls/0/password\) is not known"):
        restore(kept.text, [secret for secret in kept.secrets if secret.place != "/urls/0/password"])


def test_a_secret_is_not_put_back_where_somebody_changed_the_url_in_the_database() -> None:
    kept = stored_of(entry(A, bearerToken="one"))
    with pytest.raises(UnknownSecretError, match="the bearer token of https://evil"):
        restore(kept.text.replace("a.example", "evil"), kept.secrets)


def test_a_mistake_is_told_once() -> None:
    text = '{"urls": ["https://REDACTED@new"], "urls": ["https://REDACTED@new"]}'
    assert [violation.pointer for violation in keep(text.encode()).violations] == ["/urls", "/urls/0"]


def test_what_a_mirror_takes_is_not_given_to_a_proxy_at_its_url() -> None:
    before = stored_of(entry("http://root:80", username="ann", password="one"))
    after = edited(before, entry("http://root:80", proxy=entry("http://root:80", **USER)))
    assert [violation.pointer for violation in after.violations] == [
        "/urls/0/proxy/username",
        "/urls/0/proxy/password",
    ]


def test_two_equal_mirrors_keep_their_own_secrets() -> None:
    before = stored_of("https://u:one@a", "https://v:two@a")
    kept = edited(before, "https://REDACTED@a", "https://REDACTED@a")
    assert values(kept) == {"/urls/0": "u:one", "/urls/1": "v:two"}


def test_a_secret_that_says_redacted_in_small_letters_is_one() -> None:
    assert values(stored_of(entry(A, username="redacted"))) == {"/urls/0/username": "redacted"}


def test_a_known_secret_hides_its_value() -> None:
    assert "one" not in repr(KnownSecret(place="/x", url=A, value="one"))


def random_entry(random: Random, number: int) -> dict[str, Any]:
    """A mirror of its own with a secret of each kind, every one telling where it belongs; some share a proxy."""
    url = f"https://m{number}.example/simple"
    made: dict[str, Any] = {"url": url}
    kind = random.randrange(3)
    if kind == 0:
        made["bearerToken"] = f"bearer-{number}"
    elif kind == 1:
        made |= {"username": f"name-{number}", "password": f"word-{number}"}
    else:
        made["url"] = f"https://user-{number}:word-{number}@m{number}.example/simple"
    if random.random() < 0.5:
        made["headers"] = {"X-Key": f"header-{number}"}
    if random.random() < 0.5:
        proxy = f"http://proxy{random.randrange(2)}:3128"
        made["proxy"] = entry(proxy, username=f"proxy-{number}", password=f"proxy-{number}")
    return made


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_moved_every_secret_finds_its_mirror(seed: int) -> None:
    random = Random(seed)
    entries = [random_entry(random, number) for number in range(random.randrange(1, 7))]
    before = stored_of(*entries)
    order = random.sample(range(len(entries)), random.randrange(1, len(entries) + 1))
    shown = json.loads(before.text)["urls"]
    after = edited(before, *(shown[at] for at in order), "https://new.example")
    assert after.violations == ()
    assert json.loads(restore(after.text, after.secrets))["urls"] == [
        *(entries[at] for at in order),
        "https://new.example",
    ]


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_edited_no_secret_goes_elsewhere(seed: int) -> None:
    random = Random(seed)
    entries = [random_entry(random, number) for number in range(4)]
    before = stored_of(*entries)
    shown = json.loads(before.text)["urls"]
    # Every secret's entry gets the URL of a server that knows none.
    for number, one in enumerate(shown):
        one["url"] = one["url"].replace(f"m{number}.example", f"elsewhere{random.randrange(9)}-{number}.example")
        if "proxy" in one:
            one["proxy"]["url"] = f"http://elsewhere{random.randrange(9)}:3128"
    random.shuffle(shown)
    after = edited(before, *shown)
    places = {violation.pointer for violation in after.violations}
    assert len(places) == len(before.secrets)
    assert after.text == ""


def test_a_broken_document_keeps_its_secrets() -> None:
    for text in islice(broken(), 0, None, 5):
        kept = keep(text.encode(), BEFORE.text, BEFORE.secrets)
        for told in (kept.text, repr(kept), *map(str, kept.violations)):
            assert CANARY not in told
