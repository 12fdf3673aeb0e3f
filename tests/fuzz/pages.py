"""Project pages of every make, spoiled by bytes, tokens and values, and what a page must be that is not refused."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from codehost.download.digests import verifiable
from codehost.model.errors import Failure, Reason
from codehost.model.members import MIB
from codehost.model.ports import FoundRoot, PageResponse
from codehost.model.releases import DistributionFile
from codehost.net.origins import sendable
from codehost.resolve.choose import choose_file
from codehost.resolve.listing import lists_projects, still_there
from codehost.resolve.pages import parse_page
from tests.fuzz.mutants import BLIND

PROJECT = "p"
_ROOT = "https://mirror.example.com/simple"
# Mutators of mutators grow without end, and the fetcher lets nothing like that through.
_LONGEST = 4 * MIB
_URL = f"{_ROOT}/{PROJECT}/"
_SHA = "0123456789abcdef" * 4
_JSON = "application/vnd.pypi.simple.v1+json"
_TYPES = (_JSON, "application/json", "text/html", "application/vnd.pypi.simple.v1+html", "", "text/plain", "image/png")
_REFUSALS = frozenset({Reason.BAD_PAGE, Reason.AUTH})
_NAME = re.compile(r"[!-.0-\[\]-~]{1,255}\Z")
_ADDRESS = re.compile(r"https?://[^\s/@?#\\]+(?:[/?]|\Z)[^#\s]*\Z")
_HASH = re.compile(r"[a-z0-9][a-z0-9_-]*=(?:[0-9a-f]{2})+")
_ENDINGS = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar", ".whl", ".egg")

_HREFS = (
    *("p-1.0.tar.gz", "../../packages/p-1.0.tar.gz#md5=" + _SHA[:32], "/p-1.0.zip", "//other.example/p-1.0.zip"),
    *("https://u:s@h.example/p-1.0.tar.gz", "https://h.example:99999/p-1.0.zip", "http://[::1/p-1.0.zip"),
    *("javascript:p-1.0.zip", "file:///p-1.0.zip", "ftp://h/p-1.0.zip", "https:p-1.0.zip", "https:///p-1.0.zip"),
    *("https://h.example%2f@x/p-1.0.zip", "https://h\u3002example/p-1.0.zip", "http://h.example\\@x/p-1.0.zip"),
    *("ht\ntp://h.example/p-1.0.zip", "p-1.0.zip?x=/p-2.0.zip", "%70-1.0.zip", "..%2fp-1.0.zip", "a/%00/p-1.0.zip"),
    *("p-1.0-py3-none-any.whl", "p-1!2.0.tar.gz", "p-" + "9" * 5000 + ".zip", "p-1.0.zip#sha256=" + "z" * 64),
    *("#" * 50, "?" * 50, "http://h.example:/p-1.0.zip", "http://127.1/p-1.0.zip", "http://h.example:0/p-1.0.zip"),
    *("http://xn--\u00e9/p-1.0.zip", "http://" + "a" * 300 + "/p-1.0.zip", "http://h..example/p-1.0.zip"),
)
_FRAGMENTS = (
    *("<a href='p-1.0.zip'>", "</a>", "<a>", "<!--", "-->", "<script>", "</script>", "<base href='http://[x/'>"),
    *("<base href='//u:s@h.example/x/'>", "<base href='javascript:x'>", "<![CDATA[", "]]>", "<plaintext>", "<svg>"),
    *("<template>", "<form>", "<input type=password>", "<meta http-equiv=refresh content='0;url=/x'>", "\0", "<table>"),
    *(
        "<meta name='pypi:repository-version' content='2.0'>",
        "<meta name='pypi:repository-version'>",
        "&#0;",
        "&#xD800;",
    ),
    *("&notit;", "&", "<meta charset=utf-7>", "<meta charset=iso-2022-jp>", "<meta charset=\0>", "\u202e", "\ufeff"),
    *("<meta name='pypi:project-status' content='quarantined'>", "<a href=p-1.0.zip data-yanked>", "<a " + "x" * 9000),
    *(
        "<math><mi>",
        "<select>",
        "<frameset>",
        "</html>",
        "<" * 500,
        "<a href='" + "/" * 9000 + "p-1.0.zip'>p-1.0.zip</a>",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1 << 63, (1 << 64) - 1, 1 << 64, 10**30, float("nan"), float("inf"), 1e400),
    *("", "\0", "\ud800", "x" * 9000, "p-1.0.tar.gz", [], {}, [[]], {"": {}}, "1.0", "2.0", "not hex", _SHA.upper()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVerdict:
    """What became of a page: ``page`` or the reason that it was refused for, and what is wrong with that."""

    outcome: str
    violations: tuple[str, ...] = ()


def seeds() -> tuple[bytes, ...]:
    """Pages as the makes of mirrors send them."""
    return tuple(page.encode() for page in (*_html_seeds(), *_json_seeds()))


def _html_seeds() -> Iterator[str]:
    wanted = 'data-requires-python="&gt;=3.7"'
    link = f'<a href="https://files.example.com/aa/p-1.0.tar.gz#sha256={_SHA}" {wanted}>p-1.0.tar.gz</a>'
    yanked = (
        f'<a href="../../packages/p-2.0-py3-none-any.whl#md5={_SHA[:32]}" data-yanked="broken &amp; old">p</a><br/>'
    )
    head = '<meta name="pypi:repository-version" content="1.1">'
    yield f"<!DOCTYPE html><html><head>{head}<title>Links for p</title></head><body>{link}{yanked}</body></html>"
    yield f'<html><head><base href="/mirror/simple/p/"></head><body>{yanked * 20}</body></html>'
    bare = f'<a href="p-1.0.zip#{_SHA}">p-1.0.zip</a>'
    yield f'<html><head><meta name="api-version" value="2"/></head><body>{bare}</body></html>'
    yield "<html><head><title>Simple index</title></head><body><a href='p/'>p</a> <a href='q/'>q</a></body></html>"
    yield "<html><body><h1>Links for it</h1></body></html>"
    yield '<html><body><form><input type="password"></form></body></html>'
    yield f'<html><head><meta charset="iso-8859-1"></head><body>\u00e9{link}</body></html>'


def _json_seeds() -> Iterator[str]:
    file = {
        "filename": "p-1.0.tar.gz",
        "url": "https://files.example.com/p-1.0.tar.gz",
        "hashes": {"sha256": _SHA, "md5": _SHA[:32]},
        "size": 1234,
        "upload-time": "2024-01-01T00:00:00Z",
        "yanked": False,
        "requires-python": ">=3.8",
        "core-metadata": {"sha256": _SHA},
    }
    wheel = file | {"filename": "p-2.0-py3-none-any.whl", "url": "../../p-2.0-py3-none-any.whl", "yanked": "why"}
    meta = {"api-version": "1.3"}
    yield json.dumps({"meta": meta, "name": "p", "files": [file, wheel], "versions": ["1.0", "2.0", "bad one"]})
    yield json.dumps({"meta": meta, "name": "p", "files": [wheel], "project-status": {"status": "archived"}})
    yield json.dumps({"meta": meta, "projects": [{"name": "p"}, {"name": "q"}]})
    yield json.dumps({"meta": meta, "name": "p", "files": []})


def make(seed: int, number: int, source: tuple[bytes, ...]) -> PageResponse:
    """The mutant of this number."""
    rng = Random(f"pages:{seed}:{number}")
    body = rng.choice(source)
    for _ in range(rng.choice((1, 1, 2, 4))):
        body = rng.choice(_JSON_MUTATORS if body.lstrip()[:1] == b"{" else _HTML_MUTATORS)(rng, body)[:_LONGEST]
    if rng.random() < 0.15:
        body = _encoded(rng, body)
    url = rng.choice((_URL, _URL, _URL, _ROOT, "http://[::1]:8080/p/", "https://other.example.com/simple/p/?x=1"))
    return PageResponse(status=200, url=url, content_type=rng.choice(_TYPES), body=body)


def _encoded(rng: Random, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "shift-jis", "utf-7", "cp037"))
    return text.encode(encoding, "replace")


def _tokens(rng: Random, body: bytes) -> bytes:
    tokens = re.split(r"(<[^>]*>|&[^;]{0,8};|\s+|=|\")", body.decode("utf-8", "replace"))
    at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    match rng.randrange(5):
        case 0:
            del tokens[at]
        case 1:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 2:
            tokens.insert(at, tokens[other])
        case 3:
            tokens.insert(at, rng.choice(_FRAGMENTS))
        case _:
            tokens[at] = rng.choice(_FRAGMENTS)
    return "".join(tokens).encode("utf-8", "surrogatepass")


def _href(rng: Random, body: bytes) -> bytes:
    href = rng.choice(_HREFS).replace("\\", "\\\\")
    return re.sub(rb"(href=|base href=)(['\"]).*?\2", (f'\\1"{href}"').encode(), body, count=rng.randint(0, 2))


def _anchor(rng: Random, body: bytes) -> bytes:
    text = rng.choice(("p-1.0.tar.gz", "", "p-1.0.zip", "\0", "\u202egz.tar.0.1-p", "p-1.0.tar.gz" * 400))
    more = rng.choice(("", ' data-yanked="\0"', " data-requires-python='&lt;&#0;'", " href='x'", " HREF=y"))
    return body + f'<a href="{rng.choice(_HREFS)}"{more}>{text}</a>'.encode()


def _nested(rng: Random, body: bytes) -> bytes:
    tags = (
        "div",
        "a href='p-1.0.zip'",
        "b",
        "table",
        "font",
        "svg",
        "p",
        "button",
        "b><div",
        "ul><li",
        "svg><a href=x",
    )
    tag = rng.choice(tags)
    deep = f"<{tag}>".encode() * rng.choice((100, 5000, 20_000))
    if rng.random() < 0.3:
        deep = (
            b"<a "
            + b" ".join(b"%s%d" % (tag[:1].encode(), number) for number in range(rng.choice((90, 20_000))))
            + b">"
        )
    return deep + body if rng.random() < 0.5 else body + deep


def _any_value(rng: Random, body: bytes) -> bytes:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return rng.choice(BLIND)(rng, body)
    holder, key = rng.choice([*_places(document), ([document], 0)])
    holder[key] = rng.choice((*_VALUES, *_HREFS, holder[key], [holder[key]] * 3))
    if isinstance(holder, dict) and rng.random() < 0.2:
        holder[rng.choice(("", "\0x", "sha-1", "files", "url", "\ud800", "hashes", "x" * 900))] = rng.choice(_VALUES)
    return json.dumps(document, ensure_ascii=rng.random() < 0.7).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _text(rng: Random, body: bytes) -> bytes:
    """What a value cannot express: keys twice, nesting, numbers of any length, half escapes."""
    at = rng.choice([found.end() for found in re.finditer(rb"[\[{:,]", body)] or [0])
    depth = rng.choice((50, 2000, 100_000))
    piece = rng.choice(
        (
            *(b'"files":[],', b'"meta":{},', b"[" * depth, b'{"a":' * depth, b"9" * 5000, b"-", b"NaN", b"1e999"),
            *(b'"\\ud800"', b'"\\u00"', b"\xff\xfe", b"//x\n", b'"\x00"', b"'", b'{"filename":"p-1.0.zip","url":"x"},'),
        )
    )
    return body[:at] + piece + body[at:]


def judge(response: PageResponse) -> PageVerdict:
    """Read the page as the resolver does and look at what came of it."""
    try:
        page = parse_page(response, PROJECT)
        found = [file for version in page.files for file in page.files[version]]
        faults = [f"{fault}: {file.filename[:80]!r}" for file in found for fault in faults_of_file(file)]
        choose_file(found)
        lists_projects(response)
        still_there(response, FoundRoot(root=_ROOT, witness=_URL))
    except Failure as failure:
        return PageVerdict(outcome=failure.reason, violations=tuple(_faults_of_failure(failure)))
    except (Exception, MemoryError) as error:  # noqa: BLE001 - nothing else may come: that is what is judged
        return PageVerdict(outcome="exception", violations=(f"raised {type(error).__name__}: {str(error)[:200]}",))
    return PageVerdict(outcome="page", violations=tuple(faults[:5]))


def _faults_of_failure(failure: Failure) -> list[str]:
    said = str(failure)
    faults = [] if failure.reason in _REFUSALS else [f"failed for the reason {failure.reason}: {said}"]
    return faults if said.isprintable() and 0 < len(said) < 2000 else [*faults, f"refused with {said[:200]!r}"]


def faults_of_file(file: DistributionFile) -> Iterator[str]:
    """What is wrong with a file that a page offers."""
    if not _NAME.match(file.filename) or not file.filename.lower().endswith(_ENDINGS):
        yield "no plausible name"
    yield from _faults_of_address(file)
    # Tolerated: digests of algorithms that nobody knows; the download leaves them out.
    well_formed = all(_HASH.fullmatch(f"{name}={digest}") for name, digest in file.hashes.items())
    if not well_formed or len(file.hashes) > 17 or not set(verifiable(file.hashes)) <= set(file.hashes):
        yield f"the digests {str(file.hashes)[:200]}"
    if file.size is not None and (type(file.size) is not int or file.size < 0):
        yield f"the size {file.size}"
    for text in (file.upload_time, file.yanked, file.requires_python):
        if text is not None and re.search("[\ud800-\udfff]", text):
            yield "half a surrogate pair"


def _faults_of_address(file: DistributionFile) -> Iterator[str]:
    try:
        address = sendable(file.url)
    except ValueError:
        yield f"the address {file.url[:80]!r} cannot be sent"
    else:
        if not _ADDRESS.match(address) or not address.isascii() or "#" in file.url or "@" in file.url.split("/")[2]:
            yield f"the address {file.url[:80]!r}"


_Mutator = Callable[[Random, bytes], bytes]
_HTML_MUTATORS: tuple[_Mutator, ...] = (*BLIND[:3], _tokens, _tokens, _tokens, _href, _href, _anchor, _nested)
_JSON_MUTATORS: tuple[_Mutator, ...] = (*BLIND[:3], _any_value, _any_value, _any_value, _any_value, _text)
