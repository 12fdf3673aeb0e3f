"""One request under way: what it has received and sent, and how long its client was waited for."""

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import web

from codehost.serve.git.answers import UNCACHED, Refusal
from codehost.serve.git.bodies import pieces
from codehost.serve.git.limits import GitLimits
from codehost.serve.git.progress import Ending, Progress
from codehost.serve.git.slots import Turn

# So soon is looked whether the last bytes have left; then after twice the time, and so on: a thousand clients that
# never take them must not keep the server busy.
_LOOK_SECONDS = 0.02
_LONGEST_LOOK_SECONDS = 0.5


class Exchange:
    """A request and its answer. ``ending`` is set by whoever ends it before it is done.

    ``refusal`` is set when the body turns out to be unfit while git reads it. ``way``: how it was answered.
    """

    def __init__(self, request: web.Request, limits: GitLimits) -> None:
        self.request = request
        self.clock = asyncio.get_running_loop().time
        self.progress = Progress(started=self.clock())
        self.task = asyncio.current_task()
        self.ending: Ending | None = None
        self.refusal: Refusal | None = None
        self.response: web.StreamResponse | None = None
        self.repository: str | None = None
        self.version = 0
        self.way = "none"
        encoding = request.headers.get("Content-Encoding", "").strip().lower()
        self._pieces = pieces(request.content, encoding, limits.body_bytes)

    @property
    def is_gone(self) -> bool:
        """Whether the client has hung up."""
        return self.request.transport is None or self.request.transport.is_closing()

    def end(self, why: Ending) -> None:
        """End it now, wherever it waits."""
        if self.ending is None and self.task is not None:
            self.ending = why
            self.task.cancel()

    def live_on(self) -> None:
        """Let the task go on: what has ended is the request and not its connection's work."""
        if self.ending is not None and self.task is not None and self.task.cancelling():
            self.task.uncancel()

    def hang_up(self) -> None:
        """End the connection, so that nobody takes half an answer for a whole one."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def body(self, turn: Turn | None = None) -> AsyncGenerator[bytes, None]:
        """The rest of the body. While the client is waited for, the turn is given back.

        Raises:
            Refusal: the body is not taken.
        """
        while (piece := await self._receive(turn)) is not None:
            yield piece

    async def _receive(self, turn: Turn | None) -> bytes | None:
        lane = self.progress.up
        if turn is not None:
            turn.leave()
        lane.begin(self.clock())
        piece = await anext(self._pieces, None)
        lane.end(self.clock(), len(piece or b""))
        self.progress.received += len(piece or b"")
        if turn is not None:
            await turn.come_back()
        return piece

    async def begin(self, content_type: str, length: int | None = None) -> None:
        """Send the head of the answer."""
        response = web.StreamResponse(headers=UNCACHED | {"Content-Type": content_type})
        if length is not None:
            response.content_length = length
        await response.prepare(self.request)
        self.response = response

    async def send(self, data: bytes, turn: Turn | None = None) -> None:
        """Send a piece of the answer. While the client is waited for, the turn is given back.

        Raises:
            ConnectionError: the client has hung up.
        """
        transport = self.request.transport
        if transport is None or self.response is None:
            raise ConnectionResetError
        full = transport.get_write_buffer_size() + len(data) > _high_water(transport)
        if full:
            self.progress.down.begin(self.clock())
            if turn is not None:
                turn.leave()
        await self.response.write(data)
        self.progress.sent += len(data)
        if full:
            self.progress.down.end(self.clock(), len(data))
            if turn is not None:
                await turn.come_back()

    async def finish(self) -> None:
        """End the answer, and see that it has left: what a client does not read stays in memory."""
        if self.response is None:
            return
        await self.response.write_eof()
        lane, before, pause = self.progress.down, self._unsent(), _LOOK_SECONDS
        while now := self._unsent():
            if now < before or lane.since is None:
                lane.end(self.clock(), before - now)
                lane.begin(self.clock())
            before = now
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_LOOK_SECONDS)
        lane.end(self.clock(), before)

    def _unsent(self) -> int:
        return 0 if self.request.transport is None else self.request.transport.get_write_buffer_size()

    async def whole(self, content_type: str, data: bytes) -> None:
        """Send a whole answer."""
        await self.begin(content_type, len(data))
        await self.send(data)
        await self.finish()


def _high_water(transport: asyncio.Transport) -> int:
    return transport.get_write_buffer_limits()[1]
