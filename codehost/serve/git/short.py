"""The short way, done: what ``whole`` decides, read from the disk and sent."""

import asyncio
import os
from pathlib import Path
from typing import BinaryIO

from codehost.reading.whole import WholePack
from codehost.serve.git.exchange import Exchange
from codehost.serve.git.protocol import FLUSH, MOST_IN_SIDEBAND, parse_request, sideband, sideband_length
from codehost.serve.git.running import ADVERTISEMENT, RESULT, GitRunner
from codehost.serve.git.whole import PACKFILE, is_clone, list_references

# One line at a time: a client that takes so much in the time of patience is not idle, and a thousand slow ones cost
# little memory.
_READ = MOST_IN_SIDEBAND


class ShortWay:
    """Answers in version 2 without a process, except for the first: git is asked once what it offers."""

    def __init__(self, runner: GitRunner) -> None:
        self._runner = runner
        self._capabilities: bytes | None = None

    async def advertise(self, exchange: Exchange, repository: Path) -> None:
        """Answer what any of our repositories offers."""
        if self._capabilities is None:
            self._capabilities = await self._runner.capabilities(exchange, repository)
        else:
            exchange.way = "pack"
        await exchange.whole(ADVERTISEMENT, self._capabilities)

    async def upload(self, exchange: Exchange, repository: WholePack, body: bytes) -> bool:
        """Answer a request; False, and nothing sent, if it is not one for the short way."""
        request = parse_request(body)
        if request is None:
            return False
        listed = list_references(repository, request)
        if listed is not None:
            exchange.way = "pack"
            await exchange.whole(RESULT, listed)
            return True
        if not is_clone(repository, request):
            return False
        try:
            file, first, size = await asyncio.to_thread(_open, repository.pack)
        except OSError:
            return False  # git is asked, and says what is wrong
        exchange.way = "pack"
        with file:
            await _send(exchange, file, first, size)
        return True


async def _send(exchange: Exchange, file: BinaryIO, data: bytes, size: int) -> None:
    await exchange.begin(RESULT, len(PACKFILE) + sideband_length(size) + len(FLUSH))
    framed, left = PACKFILE + sideband(data), size - len(data)
    del data
    while left > 0:
        await exchange.send(framed)
        piece = await asyncio.to_thread(file.read, min(_READ, left))
        if not piece:
            raise ConnectionResetError
        framed, left = sideband(piece), left - len(piece)
        del piece
    await exchange.send(framed + FLUSH)
    await exchange.finish()


def _open(path: Path) -> tuple[BinaryIO, bytes, int]:
    file = path.open("rb", buffering=0)
    try:
        # Of what is open: meanwhile another file may have come to lie at this path, or none.
        return file, file.read(_READ), os.fstat(file.fileno()).st_size
    except OSError:
        file.close()
        raise
