import json

import pytest

from codehost.model.ports import FoundRoot, PageResponse
from codehost.resolve.listing import lists_projects, still_there
from tests.simulator.fetcher import BEGINNING, html_page, link

ROOT = "https://mirror.example/simple/"
DEVPI = "https://devpi.example/root/pypi/+simple/"
HOST = "https://index.example/"


def html(body: str, url: str = ROOT, content_type: str = "text/html", status: int = 200) -> PageResponse:
    return PageResponse(status=status, url=url, content_type=content_type, body=body.encode())


def as_json(document: object, url: str = ROOT) -> PageResponse:
    body = json.dumps(document).encode()
    return PageResponse(status=200, url=url, content_type="application/json", body=body)


def beginning(response: PageResponse) -> PageResponse:
    assert len(response.body) > BEGINNING
    return PageResponse(status=200, url=response.url, content_type="", body=response.body[:BEGINNING])


def anchors(*names: str, href: str = "{}/") -> str:
    return "\n".join(f'<a href="{href.format(name)}">{name}</a><br/>' for name in names)


META = {"_last-serial": 1, "api-version": "1.4"}
MANY = [f"project-{number}" for number in range(5000)]
FOLDER = '<li><a href="six/">six/</a></li><li><a href="Flask_Login/">Flask_Login/</a></li>'
SORTED = '<a href="?C=N;O=D">Name</a> <a href="/">Parent Directory</a>'

LISTINGS = {
    "pypi": html(f"<title>Simple index</title>{anchors('0', 'Flask-Login', href='/simple/{}/')}"),
    "pypi, normalised": html('<a href="/simple/flask-login/">Flask.Login</a>'),
    "pypi, its beginning": beginning(html(anchors(*MANY, href="/simple/{}/"))),
    "devpi": html(f"<title>all packages</title>{anchors('six', 'pytest', href='{}')}", DEVPI),
    "pypiserver": html(f"<title>Simple Index</title><h1>Simple Index</h1>{anchors('six', 'a-b')}"),
    "nexus": html(anchors("six", "requests"), content_type=""),
    "pytorch": html(anchors("torch", "torchvision"), "https://download.example/whl/cu124/"),
    "a host's own root": html(anchors("six", href="/{}/"), HOST),
    "TLS ended before it": html(anchors("six", href="http://mirror.example:8080/simple/{}/")),
    "http.server": html(f"<title>Directory listing for /simple/</title><ul>{FOLDER}</ul>"),
    "apache": html(f'<title>Index of /simple</title>{SORTED}<a href="a-name-that-is-long/">a-name-that-i..&gt;</a>'),
    "one footer among many": html(anchors(*MANY[:20]) + '<a href="https://vendor.example/">Vendor</a>'),
    "empty, by its title": html("<title>Simple index</title><h1>Simple index</h1>"),
    "empty, by its version": html('<meta name="pypi:repository-version" content="1.3">'),
    "empty folder": html("<title>Index of /simple/</title><a href='../'>../</a>"),
    "json": as_json({"meta": META, "projects": [{"name": "six"}]}),
    "json, empty": as_json({"projects": [], "meta": META}),
    "json, its beginning": beginning(as_json({"meta": META, "projects": [{"name": name} for name in MANY]})),
    "json, its beginning, another order": beginning(as_json({"projects": [{"name": name} for name in MANY]})),
}

NO_LISTINGS = {
    "404": html(anchors("six"), status=404),
    "nothing": html(""),
    "text": html("hello"),
    "sign-in page": html('<form><input type="password"></form><a href="login/">login</a>'),
    "sign-in page that calls itself an index": html("<title>Simple index</title><form></form>"),
    "web page": html('<a href="https://vendor.example/docs">Docs</a><a href="/about">About</a>'),
    "web page with a link below": html('<a href="about/">about</a><a href="https://vendor.example/">Vendor</a>'),
    "web page with texts of its own": html('<a href="about/">Who we are</a>', HOST),
    "web page with links further below": html('<a href="docs/api/">docs/api</a>'),
    "web page without links": html("<title>Welcome</title><p>hello</p>"),
    "another host": html('<a href="https://hub.example/six">six</a>', HOST),
    "welcome page": html(
        '<a href="packages/">here</a> <a href="simple/">simple</a> <a href="https://pypi.example/x/">x</a>', HOST
    ),
    "project page": html(link("six-1.0.tar.gz")),
    "folder of files": html(anchors("six-1.0.tar.gz", "six-1.1-py3-none-any.whl", href="{}")),
    "folder of a project and files": html(anchors("six") + anchors("six-1.0.tar.gz", href="{}")),
    "devpi's index": as_json({"type": "indexconfig", "result": {"projects": ["six"], "type": "stage"}}),
    "devpi's index, its beginning": beginning(as_json({"result": {"projects": MANY * 2, "type": "stage"}})),
    "project page in json": as_json({"meta": META, "name": "six", "files": []}),
    "other json": as_json({"projects": ["six"]}),
    "error in json": as_json({"detail": "not here"}),
}


@pytest.mark.parametrize("name", LISTINGS)
def test_lists_projects(name: str) -> None:
    assert lists_projects(LISTINGS[name])


@pytest.mark.parametrize("name", NO_LISTINGS)
def test_lists_no_projects(name: str) -> None:
    assert not lists_projects(NO_LISTINGS[name])


BY_PAGE = FoundRoot(root="https://mirror.example/simple", witness="https://mirror.example/simple/six/")
BY_LISTING = FoundRoot(root="https://mirror.example/simple", witness=ROOT)
FILES = [{"filename": f"six-1.{number}.tar.gz", "url": "x", "hashes": {}} for number in range(5000)]


@pytest.mark.parametrize(
    ("found", "response", "expected"),
    [
        (BY_PAGE, html_page(BY_PAGE.witness, link("six-1.0.tar.gz")), True),
        (BY_PAGE, beginning(html_page(BY_PAGE.witness, *(link(f"six-1.{n}.tar.gz") for n in range(3000)))), True),
        (BY_PAGE, as_json({"files": FILES[:1], "meta": META}, BY_PAGE.witness), True),
        (BY_PAGE, beginning(as_json({"meta": META, "files": FILES}, BY_PAGE.witness)), True),
        (BY_PAGE, as_json({"files": [], "meta": META}, BY_PAGE.witness), False),
        (BY_PAGE, html_page(BY_PAGE.witness, link("other-1.0.tar.gz"), status=404), False),
        (BY_PAGE, html_page(BY_PAGE.witness), False),
        (BY_PAGE, html_page(BY_PAGE.witness, "<form></form>"), False),
        (BY_PAGE, html_page("https://else.example/simple/six/", link("six-1.0.tar.gz")), False),
        (BY_LISTING, html(anchors("six")), True),
        (BY_LISTING, html(anchors("six"), "https://else.example/simple/"), False),
        (BY_LISTING, html_page(ROOT, link("six-1.0.tar.gz")), False),
    ],
)
def test_still_there(found: FoundRoot, response: PageResponse, expected: bool) -> None:  # noqa: FBT001 - a column
    assert still_there(response, found) is expected
