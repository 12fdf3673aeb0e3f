"""The beginnings of pages: is this a list of projects, or still the page that proved a root? Pure.

A listing may have 40 MB, so all of this judges by the first 64 KiB, which may end in the middle of anything.
"""

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import orjson
from packaging.utils import canonicalize_name
from selectolax.lexbor import LexborHTMLParser, LexborNode

from codehost.model.errors import Failure
from codehost.model.ports import FoundRoot, PageResponse
from codehost.net.origins import same_origin
from codehost.resolve.filenames import looks_readable
from codehost.resolve.html_page import parse_html_page
from codehost.resolve.html_tree import attribute, html_tree

# PEP 691: a listing is an object with "meta" and a list "projects" of objects; a project page has a list "files".
_PROJECTS_BEGIN = re.compile(rb'\s*\{\s*(?:"meta"\s*:\s*\{[^{}]*\}\s*,\s*)?"projects"\s*:\s*\[\s*(?:\{|\]|\Z)')
_FILES_BEGIN = re.compile(rb'"files"\s*:\s*\[\s*\{')
_ROOT_NAMES = ("simple", "+simple")
_BOM = b"\xef\xbb\xbf"

# What simple APIs and servers of plain folders put into the title of a listing.
_TITLE = re.compile(
    r"\bsimple (package )?(index|repository)\b|\b(package|python) index\b|\bindex of\b|\bdirectory listing\b"
    r"|\ball (packages|projects|links)\b|\blist of (packages|projects)\b",
    re.IGNORECASE,
)
# A few links of other kinds, and the one that was cut off, among many are no reason for doubt.
_TOLERANCE = 10


def lists_projects(response: PageResponse, *, base: bool = False) -> bool:
    """Whether an answer is the list of all projects of a simple API, as its beginning tells.

    ``base``: it was asked for at a server's base, where a folder ``simple`` shows that the projects are not here.
    """
    body = response.body.removeprefix(_BOM)
    if response.status != HTTPStatus.OK or not body.strip():
        return False
    # Types are as unreliable as on project pages: the first character tells.
    return (
        _json_lists_projects(body) if body.lstrip()[:1] == b"{" else _html_lists_projects(body, response.url, base=base)
    )


def still_there(response: PageResponse, found: FoundRoot, *, base: bool = False) -> bool:
    """Whether the witness of a root, asked again, still proves it."""
    if response.status != HTTPStatus.OK or not same_origin(response.url, found.witness):
        return False
    project = found.witness.removeprefix(found.root).strip("/")
    return _lists_files(response, project) if project else lists_projects(response, base=base)


def _json_lists_projects(body: bytes) -> bool:
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _PROJECTS_BEGIN.match(body) is not None
    return isinstance(document.get("meta"), dict) and isinstance(document.get("projects"), list)


def _html_lists_projects(body: bytes, url: str, *, base: bool) -> bool:
    try:
        tree = html_tree(body)
    except Failure:
        return False
    if tree.css_first("form, input") is not None:
        return False
    here = urlsplit(url if url.endswith("/") else f"{url}/")
    projects, others = 0, 0
    for anchor in tree.css("a[href]"):
        target = _target(anchor, here)
        if looks_readable(target.path.rstrip("/")) or (base and _is_root(target, here)):
            return False
        if _is_project(anchor, target, here):
            projects += 1
        elif not _leads_up(target, here):
            others += 1
    if projects:
        return others * _TOLERANCE <= projects
    return not others and _says_listing(tree)


def _target(anchor: LexborNode, here: SplitResult) -> SplitResult:
    try:
        return urlsplit(urljoin(here.geturl(), (attribute(anchor, "href") or "").strip()))
    except ValueError:
        return SplitResult("", "", "", "", "")


def _is_project(anchor: LexborNode, target: SplitResult, here: SplitResult) -> bool:
    # Behind a proxy that ends TLS, absolute links may have another scheme or port.
    if target.hostname != here.hostname or not target.path.startswith(here.path):
        return False
    name = unquote(target.path[len(here.path) :].removesuffix("/"))
    if not name or "/" in name:
        return False
    # PEP 503: the text of each anchor is the project's name, normalised or not.
    text = anchor.text().strip().removesuffix("/")
    # Servers of plain folders cut long names and put dots behind.
    cut = text.rstrip(">").rstrip(".")
    return canonicalize_name(text) == canonicalize_name(name) or (text != cut != "" and name.startswith(cut))


def _is_root(target: SplitResult, here: SplitResult) -> bool:
    return unquote(target.path).rstrip("/") in {f"{unquote(here.path)}{name}" for name in _ROOT_NAMES}


def _leads_up(target: SplitResult, here: SplitResult) -> bool:
    """Whether a link goes to the same page, sorted otherwise perhaps, or to a folder above."""
    return target.hostname == here.hostname and here.path.startswith(target.path) and target.path.endswith("/")


def _says_listing(tree: LexborHTMLParser) -> bool:
    title = tree.css_first("title")
    # PEP 629: only pages of the simple API carry their version.
    versioned = tree.css_first('meta[name="pypi:repository-version"]') is not None
    return versioned or (title is not None and _TITLE.search(title.text()) is not None)


def _lists_files(response: PageResponse, project: str) -> bool:
    body = response.body.removeprefix(_BOM)
    if body.lstrip()[:1] == b"{":
        return _FILES_BEGIN.search(body) is not None
    try:
        return not parse_html_page(body, response.url, project).empty
    except Failure:
        return False
