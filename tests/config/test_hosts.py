import pytest

from codehost.config.hosts import read_hosts
from codehost.net.origins import origin_of
from tests.config.inspecting import inspection, told

READ = [
    ("files.internal.example", "files.internal.example"),
    ("Files.Internal.EXAMPLE", "files.internal.example"),
    ("localhost", "localhost"),
    ("file_server", "file_server"),
    ("files.internal.example.", "files.internal.example"),
    ("Büro.example", "xn--bro-hoa.example"),
    ("10.0.0.7", "10.0.0.7"),
    ("FD00:0:0::1", "fd00::1"),
    ("::1", "::1"),
]

REFUSED = [
    ("", "is empty"),
    (" files", "is no host"),
    ("https://files.internal.example", "has a scheme"),
    ("files.internal.example/simple", "has a path or is a network"),
    ("10.0.0.0/8", "has a path or is a network"),
    ("files:8080", "has a port"),
    ("10.0.0.7:80", "has a port"),
    ("[::1]", "has brackets"),
    ("[::1]:80", "has brackets"),
    ("*.internal.example", "has a wildcard"),
    ("user:secret@files", "has user information"),
    ("fe80::1%eth0", "has a zone"),
    ("a..b", "is no host"),
]


@pytest.mark.parametrize(("text", "host"), READ)
def test_a_host_has_one_spelling(text: str, host: str) -> None:
    at = inspection()
    assert read_hosts([text], at) == {host}
    assert told(at) == []
    if ":" not in host and not text.endswith("."):
        assert origin_of(f"https://{text}/").host == host


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_no_host_is_explained(text: str, problem: str) -> None:
    at = inspection()
    assert read_hosts(["good", text], at) == {"good"}
    hint = "write only the name or address, such as files.internal.example or 10.0.0.7"
    assert told(at) == [f"1: {problem}; {hint}"]


@pytest.mark.parametrize("value", [None, "host", {}, [5, None]])
def test_what_is_none_is_passed_over(value: object) -> None:
    at = inspection()
    assert read_hosts(value, at) == frozenset()
    assert told(at) == []
