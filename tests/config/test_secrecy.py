import pytest

from codehost.config.secrecy import is_public, mask, shown_key, shown_pointer, shown_text
from codehost.config.violations import Path

MASKED = [
    ("https://pypi.org/simple", "https://pypi.org/simple"),
    ("https://user:secret@host/simple", "https://***@host/simple"),
    ("https://secret@host/simple", "https://***@host/simple"),
    ("https://user:sec/ret@host/simple", "https://***@host/simple"),
    ("https://user:secret@secret@host", "https://***@host"),
    ("https://user:sec?ret#secret@host", "https://***@host"),
    ("https://user:secret secret@host", "https://***@host"),
    ("user:secret@host/simple", "***@host/simple"),
    ("//user:secret@host/simple", "***@host/simple"),
    ("https:/user:secret@host", "***@host"),
    ("a @ git+https://user:secret@host/a", "***@host/a"),
    ("https://host/simple?token=secret", "https://host/simple?***"),
    ("https://user:secret@host/?token=secret", "https://***@host/?***"),
    ("https://user:secrethost/simple", "https://***"),
    ("https://user:12secret/simple", "https://***"),
    ("https:/user:secrethost/simple", "https:/***"),
    ("user:secrethost/simple", "***"),
    ("X-Api-Key: secret", "***"),
    ("https://host:8080", "https://host:8080"),
    ("https://host:8080/simple", "https://host:8080/simple"),
    ("localhost:8080/simple", "localhost:8080/simple"),
    ("http://[::1]:8080/simple", "http://[::1]:8080/simple"),
    ("https:/pypi.org/simple", "https:/pypi.org/simple"),
    ("file:/srv/simple", "file:/srv/simple"),
]


MIRROR: Path = ("urls", 0)

PUBLIC: list[Path] = [
    (),
    (0, 1),
    ("urls",),
    ("urls", 3),
    ("dependencies", 9),
    ("urls", 0, "url"),
    ("urls", 0, "proxy"),
    ("urls", 0, "proxy", "url"),
    ("limits", "members"),
]
SECRET: list[Path] = [
    ("urls", 0, "password"),
    ("urls", 0, "pasword"),
    ("urls", 0, "password", 0, "url"),
    ("urls", 0, "headers"),
    ("urls", 0, "headers", "url"),
    ("proxy", "username"),
    ("anything",),
]

# A string, where it stands, and what is shown of it.
STRINGS: list[tuple[str, Path, str]] = [
    ("https://u:secret@h", MIRROR, "https://***@h"),
    ("secret", (*MIRROR, "password"), "***"),
    ("", (*MIRROR, "password"), ""),
    ("REDACTED", (*MIRROR, "password"), "REDACTED"),
    ("NAME", (*MIRROR, "password", "env"), "NAME"),
    ("/run/secrets/a", (*MIRROR, "proxy", "username", "file"), "/run/secrets/a"),
    ("NAME", (*MIRROR, "headers", "X-A", "env"), "NAME"),
    ("se-cret", (*MIRROR, "password", "env"), "***"),
    ("secret", (*MIRROR, "password", "file"), "***"),
    ("/se\u202ecret", (*MIRROR, "password", "file"), "***"),
    ("secret", (*MIRROR, "headers", "env"), "***"),
    ("/secret", (*MIRROR, "headers", "file"), "***"),
    ("secret", (*MIRROR, "unknown", "env"), "***"),
    ("secret", ("env",), "***"),
]

# A key, the object that it is in, and what is shown of it.
KEYS: list[tuple[str, Path, str]] = [
    ("passwort", MIRROR, "passwort"),
    ("https://u:secret@h", (), "https://***@h"),
    ("X-Api-Key", (*MIRROR, "headers"), "X-Api-Key"),
    ("X-Api-Key: secret", (*MIRROR, "headers"), "***"),
    ("secret", (*MIRROR, "password"), "***"),
    ("env", (*MIRROR, "password"), "env"),
    ("secret", (*MIRROR, "headers", "A"), "***"),
    ("secret", (*MIRROR, "unknown", "headers"), "***"),
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_user_information_and_queries_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_value_is_public_where_all_its_keys_are() -> None:
    assert [path for path in PUBLIC if not is_public(path)] == []
    assert [path for path in SECRET if is_public(path)] == []


@pytest.mark.parametrize(("text", "path", "shown"), STRINGS)
def test_a_string_is_shown_by_its_place(text: str, path: Path, shown: str) -> None:
    assert shown_text(text, path) == shown


@pytest.mark.parametrize(("key", "parent", "shown"), KEYS)
def test_a_key_is_shown_by_its_place(key: str, parent: Path, shown: str) -> None:
    assert shown_key(key, parent) == shown
    assert shown_pointer((*parent, key)).endswith("/" + shown.replace("/", "~1"))
