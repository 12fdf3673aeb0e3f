import pytest

from codehost.serve.access.sites import is_foreign

OWN = "code.example.com:8080"


@pytest.mark.parametrize(
    ("method", "site", "origin", "foreign"),
    [
        ("POST", None, None, False),
        ("POST", "same-origin", None, False),
        ("POST", "none", None, False),
        ("POST", "cross-site", None, True),
        ("POST", "same-site", None, True),
        ("POST", "anything", None, True),
        ("DELETE", "cross-site", f"http://{OWN}", True),
        ("PUT", None, f"http://{OWN}", False),
        ("PUT", None, f"HTTPS://{OWN.upper()}", False),
        ("PUT", None, "http://code.example.com", True),
        ("PUT", None, "http://evil.example.net", True),
        ("PUT", None, "null", True),
        ("PUT", None, "", True),
        ("GET", "cross-site", "http://evil.example.net", False),
        ("HEAD", "cross-site", None, False),
        ("OPTIONS", "cross-site", None, False),
    ],
)
def test_foreign(method: str, site: str | None, origin: str | None, *, foreign: bool) -> None:
    assert is_foreign(method, site=site, origin=origin, authority=OWN) is foreign
