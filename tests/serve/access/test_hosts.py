import pytest

from codehost.serve.access.hosts import HostNames, host_in


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("Code.Example.com:3434", "code.example.com"),
        ("code.example.com.", "code.example.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:80", "::1"),
        ("", None),
        ("a b", None),
        ("user@host", None),
        ("host:port", None),
        ("a/b", None),
        ("::1", None),
        ("h\u00f6st", None),
        (".", None),
    ],
)
def test_host_in(authority: str, expected: str | None) -> None:
    assert host_in(authority) == expected


@pytest.mark.parametrize(
    ("authority", "known"),
    [
        ("localhost:3434", True),
        ("a.localhost", True),
        ("127.0.0.1:3434", True),
        ("[::1]", True),
        ("10.1.2.3:8080", True),
        ("code.example.com", True),
        ("CODE.example.com.:443", True),
        ("evil.example.net", False),
        ("code.example.com.evil.example.net", False),
        ("localhost.evil.example.net", False),
        ("notlocalhost", False),
        ("127.0.0.1.evil.example.net", False),
        ("", False),
    ],
)
def test_names(authority: str, *, known: bool) -> None:
    assert HostNames(names=frozenset({"code.example.com"})).know(authority) is known
