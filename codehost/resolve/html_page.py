"""Project pages in HTML: PEP 503, 592 (yanked), 629 (version), 792 (status). Pure."""

import re
from urllib.parse import unquote, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from codehost.model.errors import Failure, Reason
from codehost.resolve.filenames import looks_readable
from codehost.resolve.project_page import Link, ProjectPage, build_page, check_api_version

_DIGEST = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=([0-9A-Fa-f]+)\Z")
_BARE_DIGEST = re.compile(r"[0-9A-Fa-f]+\Z")
_BARE_NAMES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def parse_html_page(body: bytes, url: str, project: str) -> ProjectPage:
    """Read a project page.

    Args:
        body: the page, in UTF-8.
        url: its final address, to which relative links are joined.
        project: the normalised project that was asked for.

    Raises:
        Failure: BAD_PAGE when this is no HTML, is a sign-in page, or speaks an unknown version of the API.
    """
    if b"<" not in body:
        raise Failure(Reason.BAD_PAGE, "the answer is called HTML and is not")
    tree = LexborHTMLParser(body)
    # PEP 629: a page without the tag is version 1.0.
    check_api_version(_meta(tree, "pypi:repository-version") or "1.0")
    base = _base(tree, url)
    links = [_link(anchor, base) for anchor in tree.css("a[href]")]
    page = build_page(
        url,
        project,
        [link for link in links if link is not None],
        left_out=links.count(None),
        # PEP 792: the project's status.
        quarantined=_meta(tree, "pypi:project-status") == "quarantined",
    )
    # A proxy that wants a password must not pass for a mirror that lacks the project, as Nexus says it: by no links.
    if page.empty and (tree.css_first("form, input") is not None or any(_leads_on(link, url) for link in links)):
        raise Failure(Reason.BAD_PAGE, "the answer is a page of HTML, but none of its links is a distribution file")
    return page


def _leads_on(link: Link | None, url: str) -> bool:
    """Whether a link goes anywhere but to a folder above or to the same page, sorted otherwise."""
    return link is not None and not url.startswith(link.url.partition("?")[0])


def _meta(tree: LexborHTMLParser, name: str) -> str | None:
    node = tree.css_first(f'meta[name="{name}"]')
    return node.attributes.get("content") if node is not None else None


def _base(tree: LexborHTMLParser, url: str) -> str:
    # HTML, 4.2.3: the first base with an href counts.
    node = tree.css_first("base[href]")
    href = node.attributes.get("href") if node is not None else None
    try:
        return urljoin(url, href.strip()) if href else url
    except ValueError:
        return url


def _link(anchor: LexborNode, base: str) -> Link | None:
    attributes = anchor.attributes
    text = anchor.text().strip()
    try:
        address, _, fragment = urljoin(base, (attributes.get("href") or "").strip()).partition("#")
        filename = unquote(urlsplit(address).path.rpartition("/")[2])
    except ValueError:
        return None
    # PEP 503 wants the name in the address; where a download service has none there, the text is all there is.
    if not looks_readable(filename) and looks_readable(text) and "/" not in text:
        filename = text
    return Link(
        filename=filename,
        url=address,
        hashes=_hashes(fragment),
        # PEP 592: the attribute may be present without a value.
        yanked=(attributes["data-yanked"] or "") if "data-yanked" in attributes else None,
        requires_python=attributes.get("data-requires-python") or None,
    )


def _hashes(fragment: str) -> dict[str, str]:
    hashes = {}
    for part in fragment.split("&"):
        # PEP 503: #<hashname>=<hashvalue>.
        if match := _DIGEST.match(part):
            hashes[match[1].lower()] = match[2].lower()
        elif _BARE_DIGEST.match(part) and len(part) in _BARE_NAMES:
            # pypicloud leaves the algorithm out; the length tells it.
            hashes[_BARE_NAMES[len(part)]] = part.lower()
    return hashes
