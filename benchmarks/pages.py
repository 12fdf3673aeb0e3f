"""How long long project pages take, and how long they keep an event loop from its work.

``python -m benchmarks.pages [--links N] [--rounds N]`` makes pages of up to N links in HTML and JSON, reads each one as
the program does and as a plain reader would (the standard library's parser, every name through ``packaging``, every
address joined), turn by turn, and prints one table. The longest pause is that of an event loop in the same process
while the page is read in a thread beside it. The status is 1 when the two ways find different releases.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from statistics import median
from urllib.parse import unquote, urljoin, urlsplit

from packaging.utils import canonicalize_version, parse_sdist_filename, parse_wheel_filename

from benchmarks.table import layout
from codehost.model.ports import PageResponse
from codehost.resolve import filenames
from codehost.resolve.pages import parse_page

PROJECT = "big-project"
URL = f"https://mirror.example/simple/{PROJECT}/"
_FILES_EACH = 20
_TICK = 0.001
_PLATFORMS = ("manylinux_2_17_x86_64.manylinux2014_x86_64", "macosx_11_0_arm64", "win_amd64")

Read = Callable[[], set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page made to measure. ``size`` is in bytes; the two ways read the same body."""

    name: str
    links: int
    size: int
    ours: Read
    plain: Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way of reading one page: seconds alone, and the longest pause of an event loop beside it, in seconds."""

    seconds: float
    pause: float


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    return report(list(_pages(options.links)), options.rounds)


def report(pages: Sequence[Page], rounds: int) -> int:
    """Read the pages and print the table; 1 when the two ways find different releases."""
    head = ("page", "links", "MB", "seconds", "plain", "plain / ours", "pause ms", "plain")
    rows: list[Sequence[str]] = [head]
    well = True
    for page in pages:
        well = well and page.ours() == page.plain()
        rows.append(_row(page, [(_read(page.ours), _read(page.plain)) for _ in range(rounds)]))
    print(layout(rows))
    if not well:
        print("wrong: the two ways find different releases")
    return int(not well)


def make_names(count: int, files_each: int = _FILES_EACH) -> Iterator[str]:
    """File names of a project with many releases: an sdist and wheels for each."""
    tags = [f"cp3{minor}-cp3{minor}-{platform}" for minor in range(8, 15) for platform in _PLATFORMS]
    for number in range(count):
        release, file = divmod(number, files_each)
        version = f"{release // 400}.{release // 20 % 20}.{release % 20}"
        yield f"big_project-{version}-{tags[file]}.whl" if file else f"big_project-{version}.tar.gz"


def html_page(count: int, *, digests: bool = True) -> bytes:
    """A page in HTML (PEP 503), with relative links."""
    lines = ["<!DOCTYPE html><html><head><title>Links for big-project</title></head><body>"]
    for number, name in enumerate(make_names(count)):
        tail = f"#sha256={number:064x}" if digests else ""
        lines.append(
            f'<a href="../../p/{number % 256:02x}/{name}{tail}" data-requires-python="&gt;=3.8">{name}</a><br>'
        )
    return "\n".join((*lines, "</body></html>")).encode()


def json_page(count: int) -> bytes:
    """A page in JSON (PEP 691 and 700)."""
    files = [
        {
            "filename": name,
            "url": f"https://files.example/packages/{number % 256:02x}/{number:060x}/{name}",
            "hashes": {"sha256": f"{number:064x}"},
            "requires-python": ">=3.8",
            "size": number,
            "upload-time": "2026-01-01T00:00:00.000000Z",
            "yanked": False,
            "core-metadata": {"sha256": f"{number:064x}"},
        }
        for number, name in enumerate(make_names(count))
    ]
    return json.dumps({"meta": {"api-version": "1.1"}, "name": PROJECT, "files": files}).encode()


def ours(kind: str, body: bytes) -> set[str]:
    """The releases of a page, as the program reads it; nothing is remembered from an earlier page."""
    for remembering in vars(filenames).values():
        if hasattr(remembering, "cache_clear"):
            remembering.cache_clear()
    return set(parse_page(PageResponse(status=200, url=URL, content_type=kind, body=body), PROJECT).files)


def plain_html(body: bytes) -> set[str]:
    """The releases of a page in HTML, read with the standard library."""
    parser = _Anchors()
    parser.feed(body.decode())
    return {_plain_version(urlsplit(urljoin(URL, href)).path.rpartition("/")[2]) for href in parser.hrefs}


def plain_json(body: bytes) -> set[str]:
    """The releases of a page in JSON, read with the standard library."""
    versions = set()
    for file in json.loads(body)["files"]:
        urlsplit(urljoin(URL, file["url"]))
        versions.add(_plain_version(file["filename"]))
    return versions


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.hrefs.append(dict(attrs)["href"] or "")


def _plain_version(filename: str) -> str:
    name = unquote(filename)
    version = parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    return canonicalize_version(version, strip_trailing_zero=True)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--links", type=int, default=50_000, help="links of the longest pages (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="how often to read each page each way (%(default)s)")
    options = parser.parse_args(argv)
    if options.links < 1 or options.rounds < 1:
        parser.error("--links and --rounds must be at least 1")
    return options


def _pages(links: int) -> Iterator[Page]:
    for count in sorted({max(1, links // 50), max(1, links // 5), links}):
        yield _page("HTML, sha256", count, "text/html", html_page(count), plain_html)
        yield _page("HTML, no digests", count, "text/html", html_page(count, digests=False), plain_html)
        yield _page("JSON", count, "application/vnd.pypi.simple.v1+json", json_page(count), plain_json)


def _page(name: str, links: int, kind: str, body: bytes, plain: Callable[[bytes], set[str]]) -> Page:
    return Page(name=name, links=links, size=len(body), ours=partial(ours, kind, body), plain=partial(plain, body))


def _read(read: Read) -> Reading:
    gc.collect()
    start = time.perf_counter()
    read()
    return Reading(seconds=time.perf_counter() - start, pause=asyncio.run(_longest_pause(read)))


async def _longest_pause(read: Read) -> float:
    """The longest time by which a tick came late while the page was read in a thread."""
    work = asyncio.create_task(asyncio.to_thread(read))
    longest, last = 0.0, time.perf_counter()
    while not work.done():
        await asyncio.sleep(_TICK)
        now = time.perf_counter()
        longest, last = max(longest, now - last - _TICK), now
    await work
    return longest


def _row(page: Page, turns: Sequence[tuple[Reading, Reading]]) -> tuple[str, ...]:
    one, other = zip(*turns, strict=True)
    return (
        page.name,
        f"{page.links:,}",
        f"{page.size / 1e6:.2f}",
        f"{median(reading.seconds for reading in one):.3f}",
        f"{median(reading.seconds for reading in other):.3f}",
        f"{median(slow.seconds / fast.seconds for fast, slow in turns):.1f}",
        f"{median(reading.pause for reading in one) * 1e3:.0f}",
        f"{median(reading.pause for reading in other) * 1e3:.0f}",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
