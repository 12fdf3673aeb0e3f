from collections.abc import Mapping

import pytest

from codehost.starter.machine import UnreadableError
from codehost.starter.pip_config import parse_pip, pip_settings
from codehost.starter.settings import ToolSettings
from tests.starter.machines import machine


def settings(*texts: str, environ: Mapping[str, str] | None = None) -> ToolSettings:
    entries = [entry for number, text in enumerate(texts, start=1) for entry in parse_pip(text, f"/{number}.conf")]
    return pip_settings(entries, environ or {}, machine().absolute)


def urls(found: ToolSettings) -> list[tuple[str, str, bool]]:
    return [(index.address.url, index.origin, index.main) for index in found.indexes]


def test_every_setting() -> None:
    found = settings(
        """
[global]
index_url = https://u:p@main.example.com/simple/
EXTRA-INDEX-URL =
    https://one.example.com/simple
    https://two.example.com/simple https://three.example.com/simple
trusted-host = main.example.com
    two.example.com:8443
cert = ~/ca.pem
client-cert = me.pem
proxy = proxy.example.com:3128
timeout = 2.5
no-index = no
"""
    )
    assert urls(found) == [
        ("https://main.example.com/simple", "index-url of [global] in /1.conf", True),
        ("https://one.example.com/simple", "extra-index-url of [global] in /1.conf", False),
        ("https://two.example.com/simple", "extra-index-url of [global] in /1.conf", False),
        ("https://three.example.com/simple", "extra-index-url of [global] in /1.conf", False),
    ]
    assert found.unverified
    assert found.unverified.value == (("main.example.com", None), ("two.example.com", 8443))
    assert found.ca_bundle
    assert (found.ca_bundle.value, found.ca_bundle.origin) == ("/home/ada/ca.pem", "cert of [global] in /1.conf")
    assert found.client_certificate
    assert found.client_certificate.value == "/home/ada/project/me.pem"
    assert found.proxy
    assert found.proxy.value.url == "http://proxy.example.com:3128"
    assert found.connect_timeout_ms
    assert found.connect_timeout_ms.value == 2500
    assert (found.left_out, found.variables) == ((), ())


A, B, C = "https://a.example.com", "https://b.example.com", "https://c.example.com"

# Files, environment, and the index that counts.
PRECEDENCE = {
    "a later file": ([f"[global]\nindex-url={A}", f"[global]\nindex-url={B}"], {}, B),
    "a command's section of an earlier file": ([f"[install]\nindex-url={A}", f"[global]\nindex-url={B}"], {}, A),
    "install before download before wheel": (
        [f"[install]\nindex-url={A}\n[download]\nindex-url={B}\n[wheel]\nindex-url={C}"],
        {},
        A,
    ),
    "another command's section": ([f"[global]\nindex-url={A}\n[list]\nindex-url={B}"], {}, A),
    "an empty value overrides no section": ([f"[global]\nindex-url={A}\n[install]\nindex-url="], {}, A),
    "an empty value hides an earlier file": (
        [f"[install]\nindex-url={A}", f"[install]\nindex-url=\n[global]\nindex-url={B}"],
        {},
        B,
    ),
    "the environment": ([f"[install]\nindex-url={A}"], {"PIP_INDEX_URL": B}, B),
    "an empty variable": ([f"[install]\nindex-url={A}"], {"PIP_INDEX_URL": ""}, A),
    "another name": ([f"[global]\npypi-url={A}"], {}, A),
    "defaults of all sections": ([f"[DEFAULT]\nindex-url={A}\n[global]\n"], {}, A),
}


@pytest.mark.parametrize(("texts", "environ", "expected"), PRECEDENCE.values(), ids=PRECEDENCE)
def test_which_setting_counts(texts: list[str], environ: dict[str, str], expected: str) -> None:
    assert [index.address.url for index in settings(*texts, environ=environ).indexes] == [expected]


def test_the_environment_alone() -> None:
    found = settings(
        environ={
            "PIP_EXTRA_INDEX_URL": f"{A} {B}",
            "PIP_TRUSTED_HOST": "a.example.com",
            "PIP_CLIENT_CERT": "/me.pem",
            "PIP_DEFAULT_TIMEOUT": "60",
            "PIP_PROXY": "http://proxy.example.com",
            "REQUESTS_CA_BUNDLE": "/ca.pem",
            "PIP_USER": "1",
        }
    )
    origin = "the environment variable PIP_EXTRA_INDEX_URL"
    assert urls(found) == [
        ("https://pypi.org/simple", "the default of pip", True),
        (A, origin, False),
        (B, origin, False),
    ]
    assert found.connect_timeout_ms
    assert found.connect_timeout_ms.value == 60_000
    assert found.ca_bundle
    assert (found.ca_bundle.value, found.ca_bundle.origin) == ("/ca.pem", "the environment variable REQUESTS_CA_BUNDLE")
    assert set(found.variables) == {
        "PIP_DEFAULT_TIMEOUT",
        "PIP_EXTRA_INDEX_URL",
        "PIP_TRUSTED_HOST",
        "PIP_CLIENT_CERT",
        "PIP_PROXY",
        "REQUESTS_CA_BUNDLE",
    }


def test_cert_goes_before_what_requests_reads() -> None:
    found = settings(environ={"PIP_CERT": "/pip.pem", "REQUESTS_CA_BUNDLE": "/ca.pem"})
    assert found.ca_bundle
    assert found.ca_bundle.value == "/pip.pem"


def test_without_a_word_there_is_no_index() -> None:
    assert settings("[global]\nprogress-bar = off") == ToolSettings()


OMITTED = {
    "no index": (f"index-url={A}\nno-index=yes", "Left out the indexes of pip because of no-index of [global]"),
    "neither yes nor no": ("no-index=perhaps", "neither yes nor no"),
    "find-links": ("find-links=https://u:secret@h.example.com/", "Left out find-links of [global] in /1.conf: a flat"),
    "a path": ("index-url=/srv/simple", "Left out index-url of [global] in /1.conf: what stands there is no http"),
    "a broken URL": ("extra-index-url=https://u:sec/ret@h.example.com/", "Left out extra-index-url"),
    "a timeout that is none": ("timeout=secret", "no number of seconds above 0"),
    "an endless timeout": ("timeout=inf", "no number of seconds above 0"),
    "a timeout of nothing": ("timeout=0", "no number of seconds above 0"),
    "a SOCKS proxy": ("proxy=socks5://u:secret@h.example.com:1080", "Left out proxy of [global]"),
    "a trusted URL": ("trusted-host=https://secret.example.com", "neither a host nor host:port"),
}


@pytest.mark.parametrize(("text", "sentence"), OMITTED.values(), ids=OMITTED)
def test_what_is_left_out(text: str, sentence: str) -> None:
    found = settings(f"[global]\n{text}")
    assert [sentence in said and "secret" not in said for said in found.left_out] == [True]
    assert all(index.address.url == "https://pypi.org/simple" for index in found.indexes)


BROKEN = {
    "no section": ("index-url = https://u:secret@h.example.com/", 1),
    "no value": ("[global]\nindex-url = x\nsecret secret", 3),
    "twice": ("[global]\ntimeout = 1\ntimeout = 2", 3),
    "a section twice": ("[global]\n[install]\n[global]", 3),
}


@pytest.mark.parametrize(("text", "line"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_does_not_parse(text: str, line: int) -> None:
    with pytest.raises(UnreadableError) as caught:
        parse_pip(text, "/etc/pip.conf")
    assert caught.value.line == line
    assert "secret" not in repr(caught.value)
    assert caught.value.__suppress_context__


def test_percent_signs_and_byte_order_marks_are_taken_as_they_are() -> None:
    (entry,) = parse_pip("\ufeff[global]\nindex-url = https://u:%(x)s%40@h.example.com/", "/x")
    assert entry.value == "https://u:%(x)s%40@h.example.com/"
    assert "%40" not in repr(entry)
