"""Clones a second: codehost's git service against ``git http-backend``, each in processes of its own.

``python -m benchmarks.clone [--clones N] [--at-once N] [--files N] [--rounds N]`` makes repositories as a sync makes
them, then clones them over version 2 and version 0 of the protocol: by real git, which costs far more than any server,
and by the requests of a clone alone, which shows what the server costs. It prints one table. CPU seconds are the
server's with all its processes; ``of codehost's`` is how the clones a second compare. ``git http-backend`` runs behind
nginx with fcgiwrap where both are installed, and behind a small CGI of this benchmark. Within a round the ways take
turns; the figures are sums over all rounds.
"""

import argparse
import asyncio
import math
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import product
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import ClientSession, TCPConnector, web

from benchmarks import nginx
from benchmarks.gitrun import environment
from benchmarks.loopback import HOST
from benchmarks.ours import cpu_seconds
from benchmarks.table import layout
from codehost.model.datadir import DataDirectory
from codehost.model.members import IngestRequest, Limits, Member, MemberKind
from codehost.pack.build import build_repository
from codehost.serve.git.protocol import DELIMITER, FLUSH, packet
from codehost.serve.git.service import GitService

OURS = "codehost"
BEHIND_NGINX = "nginx, fcgiwrap"
BEHIND_CGI = "small CGI"
VERSIONS = (2, 0)
_REPOSITORIES = 8
_FILE_BYTES = 4_000
_TYPE = {"Content-Type": "application/x-git-upload-pack-request"}

# A server, a version of the protocol, a client.
Way = tuple[str, int, str]
Clone = Callable[[str, int], Awaitable[None]]
Cpu = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What so many clones took: wall seconds, and CPU seconds of the server."""

    clones: int
    seconds: float
    cpu: float


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    servers = [OURS, BEHIND_NGINX, BEHIND_CGI]
    if not nginx.is_installed():
        servers.remove(BEHIND_NGINX)
        print("nginx or fcgiwrap is missing: git http-backend is measured behind a small CGI only.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary:
        root = Path(temporary)
        data = DataDirectory(root / "data")
        names = [_make(data, number, options.files) for number in range(_REPOSITORIES)]
        costs = asyncio.run(_measure(servers, options, root, data, names))
    print(table({way: _sum(found) for way, found in costs.items()}))
    return 0


def table(costs: dict[Way, Cost]) -> str:
    """A line for each way; codehost's own has to be among them for each version and client."""
    rows = [("server", "version", "client", "clones", "clones/s", "of codehost's", "CPU ms/clone")]
    for (server, version, client), cost in costs.items():
        pace, ours = _pace(cost), _pace(costs[OURS, version, client])
        cpu = "unknown" if math.isnan(cost.cpu) else f"{cost.cpu / cost.clones * 1000:.2f}"
        figures = (f"{cost.clones:,}", f"{pace:.1f}", f"{pace / ours:.2f}", cpu)
        rows.append((server, str(version), client, *figures))
    return layout(rows)


def _pace(cost: Cost) -> float:
    return cost.clones / cost.seconds


def _sum(found: Sequence[Cost]) -> Cost:
    return Cost(
        clones=sum(cost.clones for cost in found),
        seconds=sum(cost.seconds for cost in found),
        cpu=sum(cost.cpu for cost in found),
    )


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clone", description=__doc__)
    parser.add_argument("--clones", type=int, default=300, help="clones of each kind in a round (%(default)s)")
    parser.add_argument("--at-once", type=int, default=16, help="clones at a time (%(default)s)")
    parser.add_argument("--files", type=int, default=40, help="files of 4 kB in a repository (%(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds (%(default)s)")
    options = parser.parse_args(argv)
    if min(options.clones, options.at_once, options.files, options.rounds) < 1:
        parser.error("all numbers must be at least 1")
    return options


def _make(data: DataDirectory, number: int, files: int) -> str:
    name = f"python/sample-{number}/1.0"
    path = data.repository(name)
    path.parent.mkdir(parents=True)
    line = b"def function_%d(value):\n    return value + %d\n\n"
    members = []
    for position in range(files):
        content = b"".join(line % (position, turn * (number + 7)) for turn in range(_FILE_BYTES // len(line)))
        members.append(
            Member(
                path=b"sample/module%d.py" % position,
                kind=MemberKind.FILE,
                executable=False,
                mtime=1_600_000_000,
                size=len(content),
                content=content,
                deflated=None,
                target=b"",
            )
        )
    request = IngestRequest(
        archive="", filename="s-1.tar.gz", sha256="0" * 64, repository=str(path), tag="v1.0", limits=Limits()
    )
    build_repository(members, request, lambda: members)
    return name


async def _measure(
    servers: list[str], options: argparse.Namespace, root: Path, data: DataDirectory, names: list[str]
) -> dict[Way, list[Cost]]:
    costs: dict[Way, list[Cost]] = {}
    for _ in range(options.rounds):
        for server in servers:
            behind_nginx = server == BEHIND_NGINX
            running = _behind_nginx(data, options.at_once) if behind_nginx else _server(server, data)
            async with running as (port, cpu):
                urls = [f"http://{HOST}:{port}/git/{name}.git" for name in names]
                for version, (client, clone) in product(VERSIONS, (("git", _git(root)), ("requests", _requests()))):
                    cost = await _clones(urls, version, clone, cpu, options)
                    costs.setdefault((server, version, client), []).append(cost)
    return costs


async def _clones(urls: list[str], version: int, clone: Clone, cpu: Cpu, options: argparse.Namespace) -> Cost:
    await clone(urls[0], version)
    gate = asyncio.Semaphore(options.at_once)

    async def one(number: int) -> None:
        async with gate:
            await clone(urls[number % len(urls)], version)

    before, start = await cpu(), time.perf_counter()
    await asyncio.gather(*map(one, range(options.clones)))
    seconds = time.perf_counter() - start
    return Cost(clones=options.clones, seconds=seconds, cpu=await cpu() - before)


def _git(root: Path) -> Clone:
    home = root / "home"
    home.mkdir(exist_ok=True)

    async def clone(url: str, version: int) -> None:
        target = Path(tempfile.mkdtemp(dir=root))
        command = ["git", "-c", f"protocol.version={version}", "clone", "--quiet", "--bare", url, str(target)]
        process = await asyncio.create_subprocess_exec(
            *command, env=environment(home) | {"PATH": os.environ["PATH"]}, stderr=asyncio.subprocess.PIPE
        )
        _, complaints = await process.communicate()
        if process.returncode:
            raise RuntimeError(complaints.decode())
        shutil.rmtree(target)

    return clone


def _requests() -> Clone:
    async def clone(url: str, version: int) -> None:
        header = {"Git-Protocol": f"version={version}"}
        async with ClientSession(connector=TCPConnector(limit=1)) as session:
            async with session.get(f"{url}/info/refs?service=git-upload-pack", headers=header) as answer:
                said = await answer.read()
            if version == 2:
                said = await _post(session, url, header, _v2(b"ls-refs", [b"symrefs", b"ref-prefix refs/heads/"]))
                commit = said[4:44]
                body = _v2(b"fetch", [b"ofs-delta", b"want " + commit, b"done"])
            else:
                commit = said.partition(b" HEAD\0")[0][-40:]
                body = packet(b"want %s ofs-delta side-band-64k\n" % commit) + FLUSH + packet(b"done\n")
            said = await _post(session, url, header, body)
            if b"PACK" not in said:
                raise RuntimeError(said[:200])

    return clone


def _v2(command: bytes, arguments: list[bytes]) -> bytes:
    head = packet(b"command=%s\n" % command) + packet(b"object-format=sha1")
    return head + DELIMITER + b"".join(packet(one + b"\n") for one in arguments) + FLUSH


async def _post(session: ClientSession, url: str, header: dict[str, str], body: bytes) -> bytes:
    async with session.post(f"{url}/git-upload-pack", data=body, headers=header | _TYPE) as answer:
        answer.raise_for_status()
        return await answer.read()


@asynccontextmanager
async def _behind_nginx(data: DataDirectory, at_once: int) -> AsyncIterator[tuple[int, Cpu]]:
    async def cpu() -> float:
        return math.nan  # nobody can tell

    with nginx.serving(data.repositories, at_once) as port:
        yield port, cpu


@asynccontextmanager
async def _server(server: str, data: DataDirectory) -> AsyncIterator[tuple[int, Cpu]]:
    """A server in a process of its own; gives its port, and what tells its CPU seconds so far."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(server, data.root, theirs), daemon=False)
    process.start()
    port = await asyncio.to_thread(ours.recv)

    async def cpu() -> float:
        ours.send(None)
        seconds: float = await asyncio.to_thread(ours.recv)
        return seconds

    try:
        yield port, cpu
    finally:
        ours.close()
        await asyncio.to_thread(process.join, 10)
        process.kill()


def _serve(server: str, root: Path, pipe: Connection) -> None:
    asyncio.run(_serve_until_told(server, DataDirectory(root), pipe))


async def _serve_until_told(server: str, data: DataDirectory, pipe: Connection) -> None:
    application = web.Application()
    if server == OURS:
        application.add_routes(GitService(data).routes())
    else:
        application.router.add_route("*", "/git/{path:.*}", _cgi(data))
    runner = web.AppRunner(application, access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    pipe.send(runner.addresses[0][1])
    with suppress(EOFError):
        while True:
            await asyncio.to_thread(pipe.recv)
            pipe.send(cpu_seconds())
    await runner.cleanup()


def _cgi(data: DataDirectory) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(data.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{request.match_info['path']}",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.content_type,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec("git", "http-backend", env=variables, stdin=pipe, stdout=pipe)
        said, _ = await process.communicate(body)
        head, _, content = said.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return web.Response(status=int(fields.pop("Status", "200")[:3]), body=content, headers=fields)

    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
