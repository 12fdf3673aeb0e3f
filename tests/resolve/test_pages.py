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
    ],
)
def test_format(content_type: str, body: bytes) -> None:
    assert list(parse_page(answer(content_type, body), "six").files) == ["1"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b""),
        ("", b"  \n"),
        ("", b"it works"),
        ("image/png", b"\x89PNG"),
        ("application/json", HTML),
        ("text/html", JSON),
        ("", b"{broken"),
    ],
)
def test_neither(content_type: str, body: bytes) -> None:
    with pytest.raises(Failure) as caught:
        parse_page(answer(content_type, body), "six")
    assert caught.value.reason is Reason.BAD_PAGE
