from collections.abc import Mapping

import pytest

from codehost.starter.machine import UnreadableError
from codehost.starter.settings import ToolSettings
from codehost.starter.uv_config import UvFile, parse_uv, uv_settings
from tests.starter.machines import machine

A, B, C, D = (f"https://{name}.example.com/simple" for name in "abcd")
PUBLIC = "https://pypi.org/simple"


def file(text: str, path: str = "/uv.toml") -> UvFile:
    parsed = parse_uv(text, path)
    assert parsed is not None
    return parsed


def settings(*texts: str, environ: Mapping[str, str] | None = None) -> ToolSettings:
    files = [file(text, f"/{number}.toml") for number, text in enumerate(texts, start=1)]
    return uv_settings(files, environ or {}, machine().absolute)


def index(url: str, rest: str = "") -> str:
    return f'[[index]]\nurl = "{url}"\n{rest}\n'


# Files from the strongest to the weakest, environment, and the indexes in the order in which uv asks them.
# `uv pip compile --show-settings` shows the same.
ORDER = {
    "nothing": ([], {}, []),
    "an index": ([index(A)], {}, [A, PUBLIC]),
    "the default is last": ([index(A, "default = true") + index(B)], {}, [B, A]),
    "a second default is not asked": ([index(A, "default = true") + index(B, "default = true")], {}, [A]),
    "a default for nobody takes the public one away": (
        [index(A, "default = true\nexplicit = true") + index(B)],
        {},
        [B, A],
    ),
    "indexes before pip's words for them": ([f'index-url="{A}"\nextra-index-url=["{B}"]\n{index(C)}'], {}, [C, B, A]),
    "files are joined": (
        [index(A), f'extra-index-url=["{B}"]\nindex-url="{D}"\n{index(C)}'],
        {},
        [A, C, B, D],
    ),
    "the strongest single value": ([f'index-url="{A}"', f'index-url="{B}"'], {}, [A]),
    "the first of a name": ([index(A, 'name = "x"') + index(B, 'name = "x"')], {}, [A, PUBLIC]),
    "the environment comes first": (
        [index(D, "default = true")],
        {"UV_INDEX": f"{A} x={B}", "UV_EXTRA_INDEX_URL": C},
        [A, B, C, D],
    ),
    "the environment's default": (
        [index(A, "default = true")],
        {"UV_DEFAULT_INDEX": f"x={B}", "UV_INDEX_URL": C},
        [B],
    ),
    "the environment's older default": ([index(A)], {"UV_INDEX_URL": C}, [A, C]),
    "a password with a sign": ([], {"UV_INDEX": "https://u:p=q@a.example.com/simple"}, [A, PUBLIC]),
    "empty variables": ([index(A)], {"UV_INDEX": "", "UV_DEFAULT_INDEX": ""}, [A, PUBLIC]),
    "no index": ([f"no-index = true\n{index(A)}"], {}, []),
    "no index by the environment": ([index(A)], {"UV_NO_INDEX": "1"}, []),
}


@pytest.mark.parametrize(("texts", "environ", "expected"), ORDER.values(), ids=ORDER)
def test_the_order_of_the_indexes(texts: list[str], environ: dict[str, str], expected: list[str]) -> None:
    assert [found.address.url for found in settings(*texts, environ=environ).indexes] == expected


def test_what_an_index_says() -> None:
    text = index(
        A, 'name = "my-corp.2"\nexplicit = true\nauthenticate = "always"\nignore-error-codes = [401, true, "x", 403]'
    )
    environ = {"UV_INDEX_MY_CORP_2_PASSWORD": "canary", "UV_INDEX_OTHER_USERNAME": "x"}
    found = settings(text, environ=environ)
    one, public = found.indexes
    assert one.origin == "[[index]] my-corp.2 in /1.toml"
    assert (one.explicit, one.main, one.wants_credentials, one.ignored_statuses) == (True, False, True, (401, 403))
    assert one.own_variables == (None, "UV_INDEX_MY_CORP_2_PASSWORD")
    assert (public.main, public.origin) == (True, "the default of uv")
    assert found.variables == ("UV_INDEX_MY_CORP_2_PASSWORD",)


def test_the_other_settings() -> None:
    environ = {"SSL_CERT_FILE": "ca.pem", "SSL_CLIENT_CERT": "~/me.pem", "ALL_PROXY": "http://all.example.com:1"}
    found = settings(
        'allow-insecure-host = ["a.example.com"]\nindex-strategy = "unsafe-best-match"\nno-proxy = ["b.example.com"]',
        'allow-insecure-host = ["*", "b.example.com:8443"]\nindex-strategy = "first-index"',
        environ=environ,
    )
    assert found.unverified
    assert found.unverified.value == (("a.example.com", None), None, ("b.example.com", 8443))
    assert found.unverified.origin == "allow-insecure-host in /1.toml and allow-insecure-host in /2.toml"
    assert found.ca_bundle
    assert found.ca_bundle.value == "/home/ada/project/ca.pem"
    assert found.client_certificate
    assert found.client_certificate.value == "/home/ada/me.pem"
    assert found.strategy
    assert (found.strategy.value, found.strategy.origin) == ("unsafe-best-match", "index-strategy in /1.toml")
    assert found.unproxied
    assert found.unproxied.value == ("b.example.com",)
    assert found.proxy
    assert (found.proxy.value.url, found.proxy.origin) == (
        "http://all.example.com:1",
        "the environment variable ALL_PROXY",
    )


# The environment, and the variable that counts; each has a proxy of its own name.
PROXIES = [
    (["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"], "HTTPS_PROXY"),
    (["https_proxy", "ALL_PROXY"], "https_proxy"),
    (["all_proxy", "HTTP_PROXY"], "all_proxy"),
]


@pytest.mark.parametrize(("names", "expected"), PROXIES)
def test_which_proxy_counts(names: list[str], expected: str) -> None:
    environ = {name: f"http://{name}.example.com" for name in names}
    found = settings('https-proxy = "http://file.example.com"', environ=environ)
    assert found.proxy
    assert found.proxy.value.url == f"http://{expected}.example.com"


def test_the_proxy_of_a_file() -> None:
    found = settings('https-proxy = "http://u:p@file.example.com:3128"')
    assert found.proxy
    assert (found.proxy.value.url, found.proxy.origin) == ("http://file.example.com:3128", "https-proxy in /1.toml")


def test_names_of_the_environment_come_before_those_of_files() -> None:
    found = settings(
        'no-proxy = ["c"]', environ={"NO_PROXY": "a, b,", "UV_INSECURE_HOST": "x.example.com y.example.com"}
    )
    assert found.unproxied
    assert found.unproxied.value == ("a", "b", "c")
    assert found.unverified
    assert found.unverified.value == (("x.example.com", None), ("y.example.com", None))


OMITTED = {
    "flat": (
        index("https://u:secret@a.example.com/", 'format = "flat"\nname = "wheels"'),
        "Left out [[index]] wheels in",
    ),
    "no url": ("[[index]]\nname = 5", "Left out [[index]] number 1 in /1.toml: it has no url"),
    "a path": (index("./secret"), "Left out [[index]] number 1 in /1.toml: what stands there is no http"),
    "a name that is none": (index("./x", 'name = "secret/secret"'), "[[index]] number 1"),
    "find-links": ('find-links = ["https://u:secret@a.example.com/"]', "Left out find-links in /1.toml"),
    "uv pip": ('[pip]\nindex-url = "https://secret.example.com"', "Left out the indexes of [pip] in /1.toml"),
    "a strategy that is none": ('index-strategy = "secret"', "Left out index-strategy in /1.toml"),
    "a broken URL": ('extra-index-url = ["https://u:sec/secret@a.example.com"]', "Left out extra-index-url in"),
    "a broken host": ('allow-insecure-host = ["u:secret@a.example.com"]', "Left out an entry of allow-insecure-host"),
    "SOCKS": ('https-proxy = "socks5://u:secret@a.example.com"', "Left out https-proxy in /1.toml"),
}


@pytest.mark.parametrize(("text", "sentence"), OMITTED.values(), ids=OMITTED)
def test_what_is_left_out(text: str, sentence: str) -> None:
    found = settings(text)
    assert [sentence in said and "secret" not in said for said in found.left_out] == [True]
    assert found.indexes == ()


@pytest.mark.parametrize(
    "text",
    ["index = 5", "index = [5]", "extra-index-url = 5", "index-url = 5", "pip = 5", "allow-insecure-host = 'x'"],
)
def test_values_of_another_type_say_nothing(text: str) -> None:
    assert settings(text) == ToolSettings()


@pytest.mark.parametrize(
    ("text", "line"),
    [("[[index]]\nurl = secret", 2), ("x = 1\nx = 2 # secret", 2), ('x = "secret', None), ("a = " + "[" * 9_999, None)],
)
def test_a_file_that_does_not_parse(text: str, line: int | None) -> None:
    with pytest.raises(UnreadableError) as caught:
        parse_uv(text, "/uv.toml")
    assert caught.value.line == line
    assert "secret" not in repr(caught.value)


@pytest.mark.parametrize("text", ["", "tool = 1", "[tool.uvx]", "[tool]\nuv = 1"])
def test_a_project_without_settings(text: str) -> None:
    assert parse_uv(text, "/pyproject.toml", ("tool", "uv")) is None


def test_the_settings_of_a_project() -> None:
    found = parse_uv(f'\ufeff[[tool.uv.index]]\nurl = "{A}"', "/pyproject.toml", ("tool", "uv"))
    assert found
    (one, _) = uv_settings([found], {}, machine().absolute).indexes
    assert one.origin == "[[tool.uv.index]] number 1 in /pyproject.toml"
    assert "example" not in repr(found)
