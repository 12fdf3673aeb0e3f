import pytest

from codehost.starter.addresses import Server, parse_address, parse_proxy
from codehost.starter.merge import merge
from codehost.starter.settings import Index, Setting, ToolSettings

PUBLIC = "https://pypi.org/simple"
A, B, C = (f"https://{name}.example.com/simple" for name in "abc")


def tool(name: str, *urls: str) -> ToolSettings:
    indexes = tuple(Index(address=parse_address(url), origin=f"{name} {place}") for place, url in enumerate(urls))
    return ToolSettings(indexes=indexes)


# The indexes of pip, those of uv, the mirrors.
ORDER = {
    "nothing": ([], [], [PUBLIC]),
    "pip alone": ([A], [], [A]),
    "pip's extras before the public one": ([PUBLIC, A, B], [], [A, B, PUBLIC]),
    "pip's private ones before a public extra": ([A, PUBLIC, B], [], [A, B, PUBLIC]),
    "pip's as it has them": ([A, B, C], [], [A, B, C]),
    "uv's as it has them": ([], [PUBLIC, A], [PUBLIC, A]),
    "uv's, then pip's": ([B, A], [A, C], [A, C, B]),
    "pip's before uv's public one": ([A, B], [C, PUBLIC], [C, A, B, PUBLIC]),
    "pip's before uv's public one, wherever it is": ([A], [PUBLIC, C], [A, PUBLIC, C]),
    "each once": (["https://A.example.com/simple/", A], ["https://u:p@a.example.com:443/simple"], [A]),
}


@pytest.mark.parametrize(("pip", "uv", "expected"), ORDER.values(), ids=ORDER)
def test_the_order_of_the_mirrors(pip: list[str], uv: list[str], expected: list[str]) -> None:
    merged = merge(tool("pip", *pip), tool("uv", *uv))
    assert [parse_address(draft.address.url).identity for draft in merged.mirrors] == [
        parse_address(url).identity for url in expected
    ]


@pytest.mark.parametrize(
    ("pip", "remarked"),
    [([PUBLIC, A], PUBLIC), ([A, PUBLIC], PUBLIC), ([A, B], A), ([A], None), ([PUBLIC], None), ([A, A], None)],
)
def test_a_place_that_pip_does_not_give_is_explained(pip: list[str], remarked: str | None) -> None:
    merged = merge(tool("pip", *pip), tool("uv"))
    assert [draft.address.url for draft in merged.mirrors if draft.remarks] == ([remarked] if remarked else [])


def test_one_mirror_of_both_tools_knows_what_both_say() -> None:
    pip = tool("pip", "https://u:p@a.example.com/simple")
    pip = ToolSettings(indexes=pip.indexes, ca_bundle=Setting(value="/ca", origin="pip's cert"))
    address = parse_address(A)
    uv = ToolSettings(indexes=(Index(address=address, origin="uv", explicit=True, ignored_statuses=(403,)),))
    (draft,) = merge(pip, uv).mirrors
    assert draft.origins == ("uv", "pip 0")
    assert (draft.address.username, draft.credentials_origin) == ("u", "pip 0")
    assert (draft.explicit, draft.ignored_statuses) == (False, (403,))
    assert draft.ca_bundle
    assert draft.ca_bundle.value == "/ca"


def test_settings_are_for_the_mirrors_of_their_tool() -> None:
    pip = ToolSettings(
        indexes=tool("pip", A).indexes,
        ca_bundle=Setting(value="/ca", origin="pip"),
        connect_timeout_ms=Setting(value=5, origin="pip"),
    )
    by_url = {draft.address.url: draft for draft in merge(pip, tool("uv", B)).mirrors}
    assert (by_url[B].ca_bundle, by_url[B].connect_timeout_ms) == (None, None)
    assert by_url[A].ca_bundle
    assert by_url[A].connect_timeout_ms


def test_the_public_default_has_the_settings_of_both() -> None:
    pip = ToolSettings(connect_timeout_ms=Setting(value=5, origin="pip"))
    uv = ToolSettings(ca_bundle=Setting(value="/ca", origin="uv"), client_certificate=Setting(value="/me", origin="uv"))
    (draft,) = merge(pip, uv).mirrors
    assert draft.connect_timeout_ms
    assert draft.ca_bundle
    assert draft.client_certificate is None


# Servers that are trusted, and the mirrors whose certificates are not checked.
TRUSTED = [
    (Server("a.example.com", None), [A, "https://a.example.com:8443/x"]),
    (Server("a.example.com", 443), [A]),
    (Server("a.example.com", 8443), ["https://a.example.com:8443/x"]),
    (None, [A, "https://a.example.com:8443/x", B]),
    (Server("example.com", None), []),
]


@pytest.mark.parametrize(("server", "expected"), TRUSTED)
def test_which_certificates_are_not_checked(server: Server | None, expected: list[str]) -> None:
    urls = [A, "https://a.example.com:8443/x", B, "http://a.example.com/plain"]
    uv = ToolSettings(
        indexes=tool("uv", *urls).indexes,
        unverified=Setting(value=(server,), origin="allow-insecure-host in /uv.toml"),
    )
    merged = merge(tool("pip"), uv)
    assert [draft.address.url for draft in merged.mirrors if draft.unverified] == expected
    assert bool(merged.left_out) is (not expected)


def test_a_trusted_host_without_a_mirror_is_told() -> None:
    pip = ToolSettings(
        unverified=Setting(value=(Server("files.example.com", 8443),), origin="trusted-host of [global]")
    )
    assert merge(pip, tool("uv")).left_out == (
        "Left out files.example.com:8443 of trusted-host of [global]: no mirror is there.",
    )


UNPROXIED = [
    ("a.example.com", [A]),
    (".example.com", [A, B]),
    ("*.example.com", [A, B]),
    ("EXAMPLE.com", [A, B]),
    ("ample.com", []),
    ("*", [A, B, "http://10.1.2.3/simple"]),
    ("10.0.0.0/8", ["http://10.1.2.3/simple"]),
    ("10.1.2.3", ["http://10.1.2.3/simple"]),
    (".", []),
]


@pytest.mark.parametrize(("rule", "expected"), UNPROXIED)
def test_which_mirrors_are_asked_without_the_proxy(rule: str, expected: list[str]) -> None:
    uv = ToolSettings(
        indexes=tool("uv", A, B, "http://10.1.2.3/simple").indexes,
        proxy=Setting(value=parse_proxy("p.example.net:3128"), origin="HTTPS_PROXY"),
        unproxied=Setting(value=(rule,), origin="NO_PROXY"),
    )
    merged = merge(tool("pip"), uv)
    assert [draft.address.url for draft in merged.mirrors if draft.unproxied] == expected


def test_the_proxy_of_pip_goes_before_and_knows_no_exceptions() -> None:
    pip = ToolSettings(proxy=Setting(value=parse_proxy("pip.example.net:1"), origin="proxy"))
    uv = ToolSettings(
        proxy=Setting(value=parse_proxy("uv.example.net:1"), origin="HTTPS_PROXY"),
        unproxied=Setting(value=("*",), origin="NO_PROXY"),
    )
    merged = merge(pip, uv)
    assert merged.proxy
    assert merged.proxy.value.url == "http://pip.example.net:1"
    assert merged.mirrors[0].unproxied is None


@pytest.mark.parametrize(
    ("uv", "strategy"),
    [
        (tool("uv"), None),
        (tool("uv", A), None),
        (tool("uv", A, B), "first-index"),
        (ToolSettings(strategy=Setting(value="unsafe-best-match", origin="x")), "unsafe-best-match"),
    ],
)
def test_the_strategy_is_what_uv_does(uv: ToolSettings, strategy: str | None) -> None:
    merged = merge(tool("pip"), uv)
    assert (merged.strategy.value if merged.strategy else None) == strategy
