import hashlib
import http.client
from pathlib import Path

import pytest

from benchmarks.loopback import Loopback, Requests, make_pages, serving
from benchmarks.sdists import small
from codehost.resolve.html_page import parse_html_page
from codehost.resolve.json_page import parse_json_page

URL = "http://127.0.0.1/simple/sample0000/"


def get(mirror: Loopback, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", mirror.port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("html", [False, True])
def test_pages_say_where_the_files_are_and_their_digests(tmp_path: Path, html: bool) -> None:  # noqa: FBT001 - a table
    small(tmp_path, releases=4, projects=2)
    pages = make_pages(tmp_path, html=html)
    assert set(pages) == {"sample0000", "sample0001"}
    page = (parse_html_page if html else parse_json_page)(pages["sample0000"], URL, "sample0000")
    files = [file for version in sorted(page.files) for file in page.files[version]]
    assert [file.url for file in files] == [f"http://127.0.0.1/files/sample0000-1.{n}.0.tar.gz" for n in (0, 1)]
    for file in files:
        assert file.hashes == {"sha256": hashlib.sha256((tmp_path / file.filename).read_bytes()).hexdigest()}


def test_requests_are_counted(tmp_path: Path) -> None:
    (release,) = small(tmp_path, releases=1, projects=1)
    with serving(tmp_path) as mirror:
        assert get(mirror, "/simple/sample0000/")[0] == 200
        assert get(mirror, "/simple/unknown/")[0] == 404
        assert get(mirror, f"/files/{release.filename}") == (200, (tmp_path / release.filename).read_bytes())
        assert get(mirror, "/elsewhere")[0] == 404
        assert mirror.requests() == Requests(pages=2, files=1, others=1)
        assert mirror.requests().total == 4
