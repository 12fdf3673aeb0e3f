"""Project pages made to harm, a server for them, and a process that asks for one.

``python -m benchmarks.bombpages serve`` prints its port and serves until its standard input ends;
``python -m benchmarks.bombpages ask URL`` resolves a pin on the mirror and prints what became of it, with the most
memory that was ever resident in the process.
"""

import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

from aiohttp import web

from benchmarks.bombkinds import MIB, zeros_gz
from benchmarks.processes import Account
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.pins import parse_pin
from codehost.model.ports import FoundRoot
from codehost.net.fetcher import HttpFetcher
from codehost.net.local_budget import LocalBudget
from codehost.resolve.resolver import Resolver

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[1]
_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "text/html"
_GZIP = {"Content-Encoding": "gzip"}
_LINK = b'<a href="p-1.0.tar.gz">p-1.0.tar.gz</a>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBomb:
    """A page and what should become of a pin that asks for it."""

    path: str
    reason: Reason
    body: Callable[[], Iterator[bytes]]
    status: int = 200
    media_type: str = _HTML
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of the pin. ``peak`` in bytes."""

    reason: Reason | None
    sentence: str
    peak: int
    seconds: float


def _gzip_bomb() -> Iterator[bytes]:
    return repeat(zeros_gz(), 160)


def _endless() -> Iterator[bytes]:
    return repeat(_LINK * (MIB // len(_LINK)), 10_000)


def _one(make: Callable[[], bytes]) -> Callable[[], Iterator[bytes]]:
    return lambda: iter((make(),))


def _links(count: int) -> bytes:
    return b"".join([b'<a href="p-1.0.%d.tar.gz">p-1.0.%d.tar.gz</a>\n' % (n, n) for n in range(count)])


def _files(count: int) -> bytes:
    files = [b'{"filename":"p-1.0.%d.tar.gz","url":"p-1.0.%d.tar.gz","hashes":{}}' % (n, n) for n in range(count)]
    return b'{"meta":{"api-version":"1.0"},"name":"p","files":[%b]}' % b",".join(files)


KINDS = {
    "page: gzip of 10 GiB of zeros": PageBomb(path="gzip", reason=Reason.BAD_PAGE, body=_gzip_bomb, headers=_GZIP),
    "page: a million empty gzip members": PageBomb(
        path="members",
        reason=Reason.BAD_PAGE,
        body=lambda: repeat(gzip.compress(b"") * 1_000, 1_000),
        headers=_GZIP,
    ),
    "page: links without end": PageBomb(path="endless", reason=Reason.BAD_PAGE, body=_endless),
    "redirect: gzip of 10 GiB in its body": PageBomb(
        path="redirect",
        reason=Reason.BAD_PAGE,
        body=_gzip_bomb,
        status=302,
        headers=_GZIP | {"Location": "/redirect/simple/p/"},
    ),
    "error: gzip of 10 GiB in its body": PageBomb(
        path="error", reason=Reason.SERVER_ERROR, body=_gzip_bomb, status=500, headers=_GZIP
    ),
    "missing: 10 GiB in its body": PageBomb(path="missing", reason=Reason.NOT_FOUND, body=_endless, status=404),
    "HTML: 240,000 links": PageBomb(path="links", reason=Reason.VERSION_NOT_FOUND, body=_one(lambda: _links(240_000))),
    "HTML: 500,000 times one link": PageBomb(
        path="link", reason=Reason.VERSION_NOT_FOUND, body=_one(lambda: _LINK * 500_000)
    ),
    "HTML: elements 10 million deep": PageBomb(
        path="deep-html", reason=Reason.BAD_PAGE, body=_one(lambda: b"<html><body>" + b"<b>" * 10_000_000)
    ),
    "HTML: an attribute of 30 MiB": PageBomb(
        path="attribute",
        reason=Reason.VERSION_NOT_FOUND,
        body=_one(lambda: b'<a href="' + b"a" * (30 * MIB) + b'">p-1.0.tar.gz</a>'),
    ),
    "HTML: 20,000 attributes": PageBomb(
        path="attributes",
        reason=Reason.BAD_PAGE,
        body=_one(lambda: b"<a " + b" ".join([b"a%d=1" % n for n in range(20_000)]) + b">p-1.0.tar.gz</a>"),
    ),
    "JSON: 240,000 files": PageBomb(
        path="files", reason=Reason.VERSION_NOT_FOUND, body=_one(lambda: _files(240_000)), media_type=_JSON
    ),
    "JSON: 10 million deep": PageBomb(
        path="deep-json", reason=Reason.BAD_PAGE, body=_one(lambda: b'{"a":' + b"[" * 10_000_000), media_type=_JSON
    ),
    "JSON: a string of 30 MiB": PageBomb(
        path="string",
        reason=Reason.BAD_PAGE,
        body=_one(lambda: b'{"meta":{"api-version":"' + b"1" * (30 * MIB) + b'"}}'),
        media_type=_JSON,
    ),
    "JSON: a number of 30 MiB": PageBomb(
        path="number",
        reason=Reason.BAD_PAGE,
        body=_one(lambda: b'{"meta":{"api-version":' + b"1" * (30 * MIB) + b"}}"),
        media_type=_JSON,
    ),
}
_BY_PATH = {page.path: page for page in KINDS.values()}


class _Roots:
    """A memory that knows where every mirror's simple API is, so that one page is asked for and no search made."""

    async def recall(self, mirror_url: str) -> FoundRoot | None:
        return FoundRoot(root=mirror_url, witness=f"{mirror_url}/p/")

    async def remember(self, mirror_url: str, found: FoundRoot) -> None:
        pass


async def resolve(url: str) -> dict[str, object]:
    """Ask the mirror at ``url`` for a pin, as the program does, without pauses between attempts."""
    start = time.perf_counter()
    reason, sentence = None, ""
    async with HttpFetcher(LocalBudget(None), jitter=lambda: 0.0) as fetcher:
        try:
            resolution = await Resolver(fetcher, (Mirror(url=url),), _Roots()).resolve(parse_pin("p==9.9"))
            sentence = resolution.file.filename
        except Failure as failure:
            reason, sentence = failure.reason, str(failure)
    account = Account(root=os.getpid())
    account.sample()
    peak = account.peaks[account.root]
    return {"reason": reason, "sentence": sentence[:1000], "peak": peak, "seconds": time.perf_counter() - start}


def ask(url: str) -> Asked:
    """Resolve a pin in a process of its own; one that dies is a crash."""
    command = [sys.executable, "-m", "benchmarks.bombpages", "ask", f"{url}/simple"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        return Asked(reason=Reason.CRASHED, sentence=f"status {ran.returncode}: {ran.stderr[-200:]}", peak=0, seconds=0)
    told = json.loads(ran.stdout)
    return Asked(**told | {"reason": Reason(told["reason"]) if told["reason"] else None})


@contextmanager
def serving() -> Iterator[str]:
    """Run the server; gives its address."""
    command = [sys.executable, "-m", "benchmarks.bombpages", "serve"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        # Leaving the block closes standard input, which ends the server.
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"the server did not start (status {process.wait()})")
        yield f"http://{HOST}:{int(line)}"
        if process.stdin:
            process.stdin.close()


async def _answer(request: web.Request) -> web.StreamResponse:
    page = _BY_PATH.get(request.match_info["kind"])
    if page is None:
        raise web.HTTPNotFound
    response = web.StreamResponse(status=page.status, headers={"Content-Type": page.media_type, **page.headers})
    await response.prepare(request)
    # A client that has enough goes away.
    with suppress(ConnectionResetError):
        for piece in await asyncio.to_thread(page.body):
            await response.write(piece)
    return response


async def serve() -> None:
    """Serve on a free port, which is printed, until standard input ends."""
    application = web.Application()
    application.add_routes([web.get("/{kind}/simple/p/", _answer)])
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0, shutdown_timeout=0.1).start()
    address: Any = runner.addresses[0]
    print(address[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def main(argv: Sequence[str]) -> int:
    """Serve, or ask."""
    match argv:
        case ["serve"]:
            asyncio.run(serve())
        case ["ask", url]:
            print(json.dumps(asyncio.run(resolve(url))))
        case _:
            print("usage: python -m benchmarks.bombpages serve | ask URL", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
