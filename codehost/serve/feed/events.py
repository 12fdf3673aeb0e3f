"""The feed as a stream of server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from codehost.model.errors import UserError
from codehost.record.feed import FeedPage, Position
from codehost.serve.feed.hub import Hub

HEARTBEAT_SECONDS = 15.0
# A consumer that takes nothing for so long is ended; it comes back with its last id.
_STALLED_SECONDS = 30.0
# Tokens are asked for when a stream begins: one that was revoked is worth nothing after so long.
_LONGEST_SECONDS = 3_600.0
# So often is looked whether the consumer of a quiet stream, or whoever waits for changes, is still there.
_GONE_SECONDS = 1.0
_LIMIT = 200
_AGAIN_MILLISECONDS = 5_000

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    # Proxies of one make gather what they pass on unless they are told not to.
    "X-Accel-Buffering": "no",
}

log = structlog.get_logger("codehost.serve")


def frame(cursor: str, data: bytes) -> bytes:
    """One event. ``data`` has no line breaks."""
    return b"id: %s\nevent: change\ndata: %s\n\n" % (cursor.encode(), data)


def heartbeat(cursor: str) -> bytes:
    """A comment, and where to go on. Without data it is no event, and the id counts all the same (section 9.2.6)."""
    return b": here\nid: %s\n\n" % cursor.encode()


def is_gone(request: web.Request) -> bool:
    """Whether the consumer has hung up."""
    return request.transport is None or request.transport.is_closing()


async def wait_with(request: web.Request, hub: Hub, sequence: int, seconds: float) -> bool:
    """As ``Hub.wait_beyond``, but not for longer than the consumer does: who hangs up gives its place to others."""
    clock = asyncio.get_running_loop().time
    ends_at = clock() + seconds
    while not is_gone(request):
        left = ends_at - clock()
        if await hub.wait_beyond(sequence, max(min(left, _GONE_SECONDS), 0)):
            return True
        if left <= _GONE_SECONDS or hub.stopping.is_set():
            return False
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What a stream follows.

    Attributes:
        position: where it begins.
        code_host: of which code host; None: of all.
        frames: the events of a page.
        cursor: a position as text.
    """

    position: Position
    code_host: str | None
    frames: Callable[[FeedPage], bytes]
    cursor: Callable[[Position], str]


class EventStream:
    """One stream, to one consumer."""

    def __init__(self, hub: Hub, following: Following, every: float = HEARTBEAT_SECONDS) -> None:
        self._hub = hub
        self._following = following
        self._every = every
        self._clock = asyncio.get_running_loop().time
        self._said_at = self._clock()

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send events until the consumer goes, the server is about to end, or the database is away."""
        response = web.StreamResponse(headers=_HEADERS)
        try:
            await response.prepare(request)
            await self._say(response, b"retry: %d\n\n" % _AGAIN_MILLISECONDS)
            await self._follow(request, response)
            async with asyncio.timeout(_STALLED_SECONDS):
                await response.write_eof()
        except UserError as error:
            log.warning("stream ended", action="stream_ended", error=str(error))
        except TimeoutError:
            log.info("consumer too slow", action="stream_stalled", seconds=_STALLED_SECONDS)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # the consumer went away
        return response

    async def _follow(self, request: web.Request, response: web.StreamResponse) -> None:
        hub, following, position = self._hub, self._following, self._following.position
        ends_at = self._clock() + _LONGEST_SECONDS
        while not hub.stopping.is_set() and self._clock() < ends_at and not is_gone(request):
            page = await hub.page(position.sequence, _LIMIT, following.code_host)
            if page.end.sequence < position.sequence:
                # Another history. The consumer comes back with a cursor that is not known here, and is told so.
                return
            position = page.end
            if page.items:
                await self._say(response, following.frames(page))
            elif self._clock() >= self._said_at + self._every:
                await self._say(response, heartbeat(following.cursor(position)))
            if not page.more:
                heard = max(self._said_at + self._every - self._clock(), 0)
                await wait_with(request, hub, position.sequence, heard)

    async def _say(self, response: web.StreamResponse, what: bytes) -> None:
        async with asyncio.timeout(_STALLED_SECONDS):
            await response.write(what)
        self._said_at = self._clock()
