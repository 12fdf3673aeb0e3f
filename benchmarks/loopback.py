"""A mirror on the loopback interface, in a process of its own: project pages from a folder of sdists, and the files.

``python -m benchmarks.loopback FOLDER [--html]`` prints its port and serves until its standard input ends, so that it
never outlives who started it. ``serving`` starts one and asks it what it was asked.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[1]
_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "text/html"
_ENDING = ".tar.gz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What a mirror was asked for; everything else it answered with 404."""

    pages: int
    files: int
    others: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.pages + self.files + self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class Loopback:
    """A mirror that runs."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """What goes into ``urls``."""
        return f"http://{HOST}:{self.port}/simple"

    def requests(self) -> Requests:
        """The requests so far; asking does not count."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("GET", "/requests")
            return Requests(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextmanager
def serving(folder: Path, *, html: bool = False) -> Iterator[Loopback]:
    """Run a mirror of the sdists in ``folder``."""
    command = [sys.executable, "-m", "benchmarks.loopback", str(folder), *(["--html"] if html else [])]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        # Leaving the block closes standard input, which ends the server.
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise RuntimeError(f"the loopback mirror did not start (status {process.wait()})")
        yield Loopback(port=int(line), pid=process.pid)
        if process.stdin:
            process.stdin.close()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def json_page(project: str, files: Mapping[str, tuple[str, int]]) -> bytes:
    """A project page (PEP 691, with PEP 700's sizes); ``files`` maps names to sha256 and size."""
    listed = [
        {"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": digest}, "size": size}
        for name, (digest, size) in files.items()
    ]
    return json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": listed}).encode()


def html_page(project: str, files: Mapping[str, tuple[str, int]]) -> bytes:
    """A project page (PEP 503)."""
    anchors = "".join(
        f'<a href="../../files/{name}#sha256={digest}">{name}</a><br>\n' for name, (digest, _) in files.items()
    )
    return f"<!DOCTYPE html><html><head><title>{project}</title></head><body>\n{anchors}</body></html>".encode()


def make_pages(folder: Path, *, html: bool) -> dict[str, bytes]:
    """The page of every project that has an sdist in ``folder``."""
    projects: dict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for path in sorted(folder.glob(f"*{_ENDING}")):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        projects[path.name.rpartition("-")[0]][path.name] = digest, path.stat().st_size
    make = html_page if html else json_page
    return {project: make(project, files) for project, files in projects.items()}


class Server:
    """Answers and counts."""

    def __init__(self, folder: Path, *, html: bool) -> None:
        self._folder = folder
        self._pages = make_pages(folder, html=html)
        self._files = {path.name for path in folder.iterdir()}
        self._type = _HTML if html else _JSON
        self._counts = {"pages": 0, "files": 0, "others": 0}

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application()
        application.add_routes(
            [
                web.get("/simple/{project}/", self._page),
                web.get("/files/{name}", self._file),
                web.get("/requests", self._requests),
                web.route("*", "/{rest:.*}", self._other),
            ]
        )
        return application

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self._counts["pages"] += 1
        page = self._pages.get(request.match_info["project"])
        if page is None:
            raise web.HTTPNotFound
        return web.Response(body=page, content_type=self._type)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self._counts["files"] += 1
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        return web.FileResponse(self._folder / name)

    async def _requests(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self._counts)

    async def _other(self, _: web.Request) -> web.StreamResponse:
        self._counts["others"] += 1
        raise web.HTTPNotFound


async def serve(folder: Path, *, html: bool) -> None:
    """Serve on a free port, which is printed, until standard input ends."""
    runner = web.AppRunner(Server(folder, html=html).application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    address: Any = runner.addresses[0]
    print(address[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def main(argv: Sequence[str]) -> int:
    """Run a mirror until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loopback", description=__doc__)
    parser.add_argument("folder", type=Path, help="sdists named project-version.tar.gz")
    parser.add_argument("--html", action="store_true", help="answer with HTML pages instead of JSON")
    options = parser.parse_args(argv)
    asyncio.run(serve(options.folder, html=options.html))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
