"""What tests of requests need: budgets that count, resolvers that answer to order, servers below HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult

from codehost.model import codehosts
from codehost.net.fetcher import HttpFetcher
from tests.simulator.mirror import Mirror

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class CountingBudget:
    def __init__(self) -> None:
        self.spent = 0

    async def spend(self) -> None:
        self.spent += 1


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


@dataclass(slots=True)
class Names(AbstractResolver):
    """Resolves names to these addresses: each list once, in order, the last one for ever. ``delay`` in seconds."""

    addresses: dict[str, list[list[str]]] = field(default_factory=dict)
    delay: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        await asyncio.sleep(self.delay)
        answers = self.addresses[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        flags = socket.AI_NUMERICHOST
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)
            for address in found
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def raw_server(answer: Server) -> AsyncIterator[str]:
    """A server below HTTP; gives its address and ends every connection that is still open."""
    connections: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(answer(reader, writer))
        connections.append((task, writer))
        await asyncio.wait([task])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for task, writer in connections:
        task.cancel()
        writer.close()
    await asyncio.gather(*(task for task, _ in connections), return_exceptions=True)


def page_url(mirror: Mirror, project: str = "six") -> str:
    return f"{mirror.url}/{project}/"


async def body_of(fetcher: HttpFetcher, mirror: codehosts.Mirror, url: str) -> bytes:
    async with fetcher.file(mirror, url) as response:
        return b"".join([chunk async for chunk in response.chunks()])
