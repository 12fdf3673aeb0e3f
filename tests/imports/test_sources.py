import pytest

from codehost.imports.sources import Source, sources_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://user:canary@Nexus.example.com:8443/canary/simple", "https://nexus.example.com:8443"),
        ("HTTP://nexus.example.com", "http://nexus.example.com"),
        ("https://u:can/ary@h/simple", "a mirror whose host cannot be told"),
        ("https://pypi.org/simple", None),
        ("https://files.pythonhosted.org/packages/x.whl", None),
        ("vendor/links", None),
        (None, None),
    ],
)
def test_only_scheme_and_host(url: str | None, origin: str | None) -> None:
    assert sources_of(url) == (() if origin is None else (Source(origin),))
