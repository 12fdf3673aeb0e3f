import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.ports import PageResponse
from codehost.resolve.pages import parse_page

HTML = b'<!DOCTYPE html><a href="six-1.0.tar.gz">six-1.0.tar.gz</a>'
JSON = b'{"files": [{"filename": "six-1.0.tar.gz", "url": "six-1.0.tar.gz"}]}'


def answer(content_type: str, body: bytes) -> PageResponse:
    return PageResponse(status=200, url="https://m.example/simple/six/", content_type=content_type, body=body)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/vnd.pypi.simple.v1+json", JSON),
        ("application/json", JSON),
        ("application/vnd.pypi.simple.v1+html", HTML),
        ("text/html", HTML),
        ("", HTML),
        ("", JSON),
        ("application/octet-stream", b"\n  " + HTML),
        ("text/plain", JSON),
        ("", b"\xef\xbb\xbf" + JSON),
        ("text/html", b"\xef\xbb\xbf" + HTML),
        ("application/json", b"\xef\xbb\xbf\r\n" + JSON),
        ("application/octet-stream", JSON),
        ("image/png", HTML),
        # Called one and plainly the other.
        ("application/json", HTML),
        ("application/vnd.pypi.simple.v1+json", b"\n" + HTML),
        ("text/html", JSON),
        ("application/vnd.pypi.simple.v1+html", b" " + JSON),
        # HTML that begins with text.
        ("text/html", b"Links for six" + HTML),
        ("application/xhtml+xml", b'<?xml version="1.0"?>' + HTML),
        ("text/html", (HTML.decode()).encode("utf-16")),
        ("", ("\ufeff" + HTML.decode()).encode("utf-16-be")),
    ],
)
def test_format(content_type: str, body: bytes) -> None:
    page = parse_page(answer(content_type, body), "six")
    assert list(page.files) == ["1"]
    assert page.format == ("JSON" if b'"files"' in body else "HTML")


@pytest.mark.parametrize("content_type", ["text/html", "application/json", ""])
def test_a_sign_in_page_whatever_it_is_called(content_type: str) -> None:
    with pytest.raises(Failure) as caught:
        parse_page(answer(content_type, b"<html><form><input type=password></form>"), "six")
    assert caught.value.reason is Reason.AUTH


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b""),
        ("", b"  \n"),
        ("", b"it works"),
        ("image/png", b"\x89PNG"),
        ("application/json", b"it works <b>well</b>"),
        ("text/html", b'{"message": "not here"}'),
        ("text/html", b"{broken"),
        ("application/json", b"[]"),
        ("text/plain", b"six-1.0.tar.gz"),
        ("", b"{broken"),
    ],
)
def test_neither(content_type: str, body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        parse_page(answer(content_type, body), "six")
    assert caught.value.reason is Reason.BAD_PAGE
