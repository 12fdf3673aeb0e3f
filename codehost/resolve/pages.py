"""Answers to project pages: which format, and is it a page at all. Pure."""

from codehost.model.errors import Failure, Reason
from codehost.model.ports import PageResponse
from codehost.resolve.html_page import parse_html_page
from codehost.resolve.json_page import parse_json_page
from codehost.resolve.project_page import ProjectPage

_JSON = frozenset(
    {"application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.latest+json", "application/json"}
)
_HTML = frozenset(
    {
        "application/vnd.pypi.simple.v1+html",
        "application/vnd.pypi.simple.latest+html",
        "text/html",
        "application/xhtml+xml",
    }
)
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def parse_page(response: PageResponse, project: str) -> ProjectPage:
    """Read the body of a 200 answer as a page of ``project`` (normalised).

    The type that was answered decides, unless the body plainly is the other format; where no type helps, the body does.

    Raises:
        Failure: BAD_PAGE when it is no project page, AUTH when it is a sign-in page.
    """
    body = response.body.removeprefix(_BOM)
    if not body.strip():
        raise Failure(Reason.BAD_PAGE, "the answer is empty")
    # No JSON page begins with "<" and no HTML page with "{": a mirror that calls one the other is no reason to stop.
    first = body.lstrip()[:1]
    if first == b"{":
        return parse_json_page(body, response.url, project)
    if first == b"<":
        return parse_html_page(body, response.url, project)
    # PEP 691: the type that was answered decides, not the one that was asked for.
    if response.content_type in _JSON:
        return parse_json_page(body, response.url, project)
    if response.content_type in _HTML or body.startswith(_UTF_16):
        return parse_html_page(body, response.url, project)
    kind = response.content_type[:80] or "no content type"
    raise Failure(Reason.BAD_PAGE, f"the answer ({kind}) is neither an HTML nor a JSON project page")
