"""PostgreSQL that fails: a server of one's own that is stopped and started, and a wire that is cut."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import urlsplit

_PIECE = 65_536
# PostgreSQL's manual, 55.7: how the answer to COMMIT begins, CommandComplete with its length and tag.
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


class Mode(Enum):
    """What the wire does."""

    WELL = auto()
    # Bytes are taken and go nowhere; connections stay.
    SWALLOW = auto()
    REFUSE = auto()
    # The server has committed, and nobody learns of it.
    HIDE_COMMIT = auto()


@dataclass(slots=True)
class Wire:
    """Goes between a program and its server at ``127.0.0.1:<behind>``.

    ``cuts``: each connection is cut after a random number of bytes below this; 0: none is. ``hidden`` counts the
    commits whose answers were lost.
    """

    behind: int
    mode: Mode = Mode.WELL
    cuts: int = 0
    share: float = 1.0
    hidden: int = 0
    cut: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def drop_all(self) -> None:
        """Cut every connection now."""
        for writer in tuple(self._open):
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode is Mode.REFUSE:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.behind)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        left = [self.chance.randrange(1, self.cuts) if self.cuts else 0]
        try:
            await asyncio.gather(self._carry(reader, back, left), self._carry(there, writer, left, answers=True))
        except _CutError:
            self.cut += 1
        finally:
            for end in (writer, back):
                self._open.discard(end)
                end.transport.abort()

    def _hides(self, data: bytes) -> bool:
        return self.mode is Mode.HIDE_COMMIT and _COMMITTED in data and self.chance.random() < self.share

    async def _carry(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, left: list[int], *, answers: bool = False
    ) -> None:
        with suppress(OSError):
            while data := await source.read(_PIECE):
                if self.mode is Mode.SWALLOW:
                    continue
                if answers and self._hides(data):
                    self.hidden += 1
                    raise _CutError
                if self.cuts and left[0]:
                    left[0] -= len(data)
                    if left[0] <= 0:
                        target.write(data[: left[0] or None])
                        raise _CutError
                target.write(data)
                await target.drain()
        raise _CutError


class _CutError(Exception):
    pass


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the server of this URL, and the URL through the wire."""
    port = urlsplit(url).port or 0
    wire = Wire(port)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    near: int = server.sockets[0].getsockname()[1]
    try:
        yield wire, url.replace(f":{port}/", f":{near}/")
    finally:
        server.close()
        wire.drop_all()
        await asyncio.sleep(0.05)
