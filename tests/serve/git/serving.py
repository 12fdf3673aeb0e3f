"""Repositories as the program makes them, a server in a thread of its own, and real git as its client."""

import asyncio
import os
import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from codehost.model.datadir import DataDirectory
from codehost.model.members import IngestRequest, Limits, Member, MemberKind
from codehost.pack.build import build_repository
from codehost.serve.git.events import Served
from codehost.serve.git.limits import GitLimits
from codehost.serve.git.service import GitService

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that runs: where, what it has observed, and the service for looking at."""

    port: int
    service: GitService
    loop: asyncio.AbstractEventLoop
    served: list[Served] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self.port}/git/{name}.git"


def make_repository(data: DataDirectory, name: str, *, files: int = 5, size: int = 200) -> str:
    """A repository as a sync makes it; gives its commit. Contents do not compress."""
    chance = random.Random(name)
    path = data.repository(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    members = [
        Member(
            path=f"p/file{number}.py".encode(),
            kind=MemberKind.FILE,
            executable=False,
            mtime=1_600_000_000,
            size=size,
            content=chance.randbytes(size),
            deflated=None,
            target=b"",
        )
        for number in range(files)
    ]
    request = IngestRequest(
        archive="unused", filename="p-1.tar.gz", sha256="0" * 64, repository=str(path), tag="v1", limits=Limits()
    )
    return build_repository(members, request, lambda: members).commit


@contextmanager
def serving(data: DataDirectory, limits: GitLimits | None = None, **options: Any) -> Iterator[Serving]:
    """Serve while the context lasts. ``options`` are the application runner's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    served: list[Served] = []

    async def start() -> tuple[web.AppRunner, GitService]:
        service = GitService(data, limits, served.append)
        application = web.Application()
        application.add_routes(service.routes())
        runner = web.AppRunner(application, handle_signals=False, access_log=None, shutdown_timeout=1, **options)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        return runner, service

    runner, service = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield Serving(port=runner.addresses[0][1], service=service, loop=loop, served=served)
    finally:
        asyncio.run_coroutine_threadsafe(_stop(runner, service), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(runner: web.AppRunner, service: GitService) -> None:
    await service.close()
    await runner.cleanup()
    await asyncio.sleep(0.05)  # connections that were cut end in the next turns of the loop


def client_environment(home: Path) -> dict[str, str]:
    """The environment of a client whose configuration is empty."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def git(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run git as a client."""
    return subprocess.run(
        ["git", *arguments],
        cwd=home,
        env=client_environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
