"""Project pages in HTML: PEP 503, 592 (yanked), 629 (version), 792 (status). Pure."""

import codecs
import re
from collections.abc import Iterator
from urllib.parse import unquote, urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from codehost.model.errors import Failure, Reason
from codehost.model.promises import promised
from codehost.resolve.filenames import parse_filename
from codehost.resolve.html_tree import attribute, html_tree
from codehost.resolve.project_page import Details, Entry, PageBuilder, ProjectPage, check_api_version, join

# No digest is shorter than md5's; "egg=..." and "subdirectory=..." look alike otherwise.
_DIGEST = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)=([0-9A-Fa-f]{32,})\Z")
_BARE_DIGEST = re.compile(r"[0-9A-Fa-f]+\Z")
_BARE_NAMES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}

# HTML, 13.2.3.2: the encoding stands within the first 1,024 bytes.
_PRESCANNED = 1024
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
# Encodings by the names that Python's codecs give themselves; the bytes of all others are read as UTF-8.
_ENCODINGS = re.compile(
    r"iso8859-\d+|cp125\d|cp932|shift_jis|euc_jp|iso2022_jp|gbk|gb2312|gb18030|big5|euc_kr|koi8-[ru]"
)
_UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

_LONGEST_BASE = 2_000

# Where a script or a refresh is all there is, the answer sends a browser on to somewhere else.
_INPUTS = "form, input, meta[http-equiv=refresh i]"


def parse_html_page(body: bytes, url: str, project: str) -> ProjectPage:
    """Read a project page; one bad anchor is left out and counted.

    Args:
        body: the page, in UTF-8, UTF-16 with its mark, or the encoding that it declares itself.
        url: its final address, to which relative links are joined.
        project: the normalised project that was asked for.

    Raises:
        Failure: AUTH when this is a sign-in page; BAD_PAGE when it is no HTML, leads elsewhere than to distribution
            files, or speaks an unknown version of the API.
    """
    body = _in_utf8(body)
    if b"<" not in body:
        raise Failure(Reason.BAD_PAGE, "the answer is called HTML and is not")
    tree = html_tree(body)
    # PEP 629: a page without the tag is version 1.0.
    check_api_version(_meta(tree, "pypi:repository-version") or "1.0")
    builder = PageBuilder(url=url, format="HTML", base=_base(tree, url), details=_details)
    for anchor in tree.css("a[href]"):
        builder.add(_entry(anchor, project))
    page = builder.page(
        # PEP 792: the project's status.
        status=_meta(tree, "pypi:project-status"),
        status_reason=_meta(tree, "pypi:project-status-reason"),
    )
    if page.empty:
        _check_for_other_pages(tree, url, builder.base)
    return page


def _check_for_other_pages(tree: LexborHTMLParser, url: str, base: str) -> None:
    """Raise on pages that must not pass for a mirror that lacks the project, as Nexus says it: by no links."""
    if tree.css_first("input[type=password i]") is not None:
        raise Failure(Reason.AUTH, "the answer is a sign-in page, not a project page")
    anchors = tree.css("a[href]")
    leads_on = any(_leads_on(base, _href(anchor), url) for anchor in anchors)
    sends_on = tree.css_first(_INPUTS) is not None or (not anchors and tree.css_first("script") is not None)
    if leads_on or sends_on:
        raise Failure(Reason.BAD_PAGE, "the answer is a page of HTML, but none of its links is a distribution file")


def _leads_on(base: str, href: str, url: str) -> bool:
    """Whether a link goes anywhere but to a folder above or to the same page, sorted otherwise."""
    try:
        return not url.startswith(join(base, href).partition("?")[0])
    except ValueError:
        return False


def _in_utf8(body: bytes) -> bytes:
    for mark, encoding in _UTF_16.items():
        if body.startswith(mark):
            return body.removeprefix(mark).decode(encoding, "replace").encode()
    declared = _CHARSET.search(body[:_PRESCANNED])
    if declared is None or body.isascii():
        return body
    try:
        encoding = codecs.lookup(declared[1].decode()).name
    except LookupError:
        return body
    return body.decode(encoding, "replace").encode() if _ENCODINGS.fullmatch(encoding) else body


def _meta(tree: LexborHTMLParser, name: str) -> str | None:
    node = tree.css_first(f'meta[name="{name}" i]')
    return attribute(node, "content") if node is not None else None


def _base(tree: LexborHTMLParser, url: str) -> str:
    # HTML, 4.2.3: the first base with an href counts.
    node = tree.css_first("base[href]")
    href = _href(node) if node is not None else ""
    # Each address is joined to it: a long one in a long page makes many times the page.
    if len(href) > _LONGEST_BASE:
        raise Failure(Reason.BAD_PAGE, f"the page's base address has more than {_LONGEST_BASE:,} characters")
    try:
        return urljoin(url, href)
    except ValueError:
        return url


def _href(node: LexborNode) -> str:
    return (attribute(node, "href") or "").strip()


def _entry(anchor: LexborNode, project: str) -> Entry:
    href = _href(anchor)
    filename = href.partition("#")[0].partition("?")[0].rpartition("/")[2]
    if "%" in filename:
        filename = unquote(filename)
    named = parse_filename(filename, project)
    if named is None:
        # PEP 503 wants the name in the address; where a download service has none there, the text is all there is.
        text = anchor.text().strip()
        named = parse_filename(text, project)
        filename = filename if named is None else text
    return Entry(filename, named, href, anchor)


def _details(entry: Entry) -> Details:
    anchor: LexborNode = entry.raw
    return Details(
        hashes=_hashes(entry.href.partition("#")[2]),
        # PEP 592: the attribute may be present without a value.
        yanked=(attribute(anchor, "data-yanked") or "") if "data-yanked" in anchor.attrs else None,
        requires_python=attribute(anchor, "data-requires-python") or None,
    )


def _hashes(fragment: str) -> dict[str, str]:
    return promised(_promises(fragment))


def _promises(fragment: str) -> Iterator[tuple[str, str]]:
    for part in fragment.split("&"):
        # PEP 503: #<hashname>=<hashvalue>.
        if match := _DIGEST.match(part):
            yield match[1], match[2]
        elif _BARE_DIGEST.match(part) and len(part) in _BARE_NAMES:
            # pypicloud leaves the algorithm out; the length tells it.
            yield _BARE_NAMES[len(part)], part
