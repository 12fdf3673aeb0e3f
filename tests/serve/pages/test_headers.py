"""What browsers are told."""

import base64
import hashlib

import pytest
from aiohttp import ETag

from codehost.serve.pages.headers import disposition, is_known, page_headers, weak_tag

NAMES = [
    (b"six.py", 'inline; filename="six.py"'),
    (b'a".exe', "inline; filename*=UTF-8''a%22.exe"),
    (b"a;b\xc3\xa4", "inline; filename*=UTF-8''a%3Bb%C3%A4"),
    (b"\xff", "inline; filename*=UTF-8''%EF%BF%BD"),
]


@pytest.mark.parametrize(("name", "value"), NAMES)
def test_names_of_what_is_saved(name: bytes, value: str) -> None:
    assert disposition("inline", name) == {"Content-Disposition": value}


def test_one_script_may_run_and_no_other() -> None:
    digest = base64.b64encode(hashlib.sha256(b"go()").digest()).decode()
    assert page_headers("go()")["Content-Security-Policy"].endswith(f"; script-src 'sha256-{digest}'")
    assert "script-src" not in page_headers()["Content-Security-Policy"]
    assert page_headers()["Content-Security-Policy"].startswith("default-src 'none'; ")


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (None, False),
        ((ETag("x"),), False),
        ((ETag("y", is_weak=True),), True),
        ((ETag("y"),), True),
        ((ETag("*"),), True),
    ],
)
def test_what_a_client_has(asked: tuple[ETag, ...] | None, known: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_known(asked, 'W/"y"') is known


def test_tags_differ_with_each_part() -> None:
    assert len({weak_tag("a", "b"), weak_tag("ab"), weak_tag("a", b"b"), weak_tag("a", ("b",))}) == 4
