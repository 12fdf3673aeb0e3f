"""Problems that are met before the pages, or outside of them, as pages that say little, with our headers."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest

from codehost.serve.access.credentials import new_token
from codehost.serve.access.gate import Reading
from tests.browser.serving import Served, whole
from tests.serve.pages.site import member

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PINS = {"six==1.0": [member(b"six.py", b"x = 1\n")]}
NAME = "python/six/1.0"
UNKNOWN = new_token()


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    status: int
    headers: dict[str, str]
    text: str


def _port(served: Served) -> int:
    return int(served.root.rpartition(":")[2])


def ask(served: Served, method: str, path: str, **headers: str) -> Got:
    connection = HTTPConnection("127.0.0.1", _port(served), timeout=20)
    try:
        connection.request(method, path, headers={**PAGE, **headers})
        answer = connection.getresponse()
        return Got(status=answer.status, headers=dict(answer.headers), text=answer.read().decode())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole(tmp_path_factory.mktemp("open"), PINS) as running:
        yield running


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole(tmp_path_factory.mktemp("closed"), PINS, reading=Reading.TOKEN) as running:
        yield running


def _is_ours(got: Got) -> None:
    policy = got.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; ")
    assert "script-src" not in policy
    assert got.headers["Content-Type"] == "text/html; charset=utf-8"
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["X-Frame-Options"] == "DENY"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "ETag" not in got.headers
    assert '<main id="main"' in got.text
    assert "Traceback" not in got.text


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "said"),
    [
        ("POST", f"/{NAME}", {}, 405, "GET"),
        ("DELETE", "/", {}, 405, "GET"),
        ("GET", "/nowhere", {}, 404, "No repository is called nowhere."),
        ("GET", "/", {"Host": "evil.example.com"}, 421, "This server has no such name."),
        ("POST", "/", {"Sec-Fetch-Site": "cross-site"}, 403, "A page of another site may change nothing here."),
        ("GET", "/", {"Authorization": f"Bearer {UNKNOWN}"}, 401, "The token is not known here"),
    ],
)
def test_problems_are_pages(
    served: Served, method: str, path: str, headers: dict[str, str], status: int, said: str
) -> None:
    got = ask(served, method, path, **headers)
    _is_ours(got)
    assert (got.status, said in got.text, UNKNOWN in got.text) == (status, True, False)


def test_without_a_token_there_is_only_the_style(closed: Served) -> None:
    got = ask(closed, "GET", "/")
    for path in ("/", f"/{NAME}", f"/{NAME}/raw/HEAD/six.py", "/python/nothing/1", "/?host="):
        got = ask(closed, "GET", path)
        _is_ours(got)
        assert (got.status, got.headers["WWW-Authenticate"][:5]) == (401, "Basic")
        assert "six" not in got.text.replace("six==1.16.0", "")
    style = got.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    shown = ask(closed, "GET", style)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "text/css; charset=utf-8")


def test_what_a_token_was_needed_for_is_kept_by_no_shared_cache(closed: Served) -> None:
    bearer = {"Authorization": f"Bearer {closed.token}"}
    commit = closed.commits[NAME]
    for path in ("/", f"/{NAME}", f"/{NAME}/blob/{commit}/six.py", f"/{NAME}/raw/{commit}/six.py"):
        got = ask(closed, "GET", path, **bearer)
        assert got.status == 200
        assert "private" in got.headers["Cache-Control"]
        tag = {"If-None-Match": got.headers["ETag"]}
        assert ask(closed, "GET", path, **bearer, **tag).status == 304
        # Who has the tag has not the page.
        assert ask(closed, "GET", path, **tag).status == 401


def test_programs_get_a_sentence(served: Served) -> None:
    got = ask(served, "POST", f"/{NAME}", Accept="*/*")
    assert got.headers["Content-Type"].startswith("text/plain")


ODD = [
    b"GET //python/six/1.0/blob/HEAD/six.py HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET /" + b"/blob/HEAD" * 90 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET /a\x00b HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET /python/../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET http://127.0.0.1/python/six/9 HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\n",
    b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n",
    b"\x16\x03\x01 GET / HTTP/1.1\r\n",
]


def say(served: Served, request_head: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", _port(served)), timeout=20) as connection:
        connection.sendall(request_head + b"Accept: text/html\r\nConnection: close\r\n\r\n")
        said = b""
        while piece := connection.recv(65_536):
            said += piece
    return said


@pytest.mark.parametrize(
    "path", [NAME, f"{NAME}/blob/HEAD/six.py", f"git/{NAME}.git/info/refs?service=git-upload-pack"]
)
def test_a_target_may_be_a_whole_url(served: Served, path: str) -> None:
    said = say(served, f"GET http://127.0.0.1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode())
    assert said[9:12] == b"200"


@pytest.mark.parametrize("request_head", ODD, ids=range(len(ODD)))
def test_odd_requests_are_refused_and_say_nothing_of_the_program(served: Served, request_head: bytes) -> None:
    said = say(served, request_head)
    assert said[9:12] in {b"400", b"404"}
    assert b"\r\nServer: codehost\r\n" in said
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in said
    assert not [word for word in (b"Traceback", b'File "', b"root:", b"aiohttp", b"Python/", b"\\x") if word in said]
