"""Answers: their head, and their body as it comes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import aiohttp

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.net.explain import WIRE_ERRORS, explain
from codehost.net.fields import check_transfer_codings, content_coding
from codehost.net.origins import shown
from codehost.net.rate import LeastRate, RateMeter
from codehost.net.retries import parse_retry_after

_DRAINED = 64 * 1024
_LONGEST_VALIDATOR = 1_000
# A connection that could be used again is worth so many seconds.
_DRAIN_TIME = 2.0


class HttpAnswer:
    """An answer whose body is still to come; the ``FileResponse`` port.

    ``media_type`` is in lower case without parameters, ``coding`` the content coding; both are empty if there is none.
    ``etag`` and ``last_modified`` are None where there is none that can be sent back.
    A body is passed on as it comes, whatever its coding: a file that its server labels ``gzip`` because its name ends
    so is the file itself, as installers take it. Whoever wants a page undoes the coding.

    Raises:
        Failure: SERVER_ERROR, when the body is framed in a way that is not understood.
    """

    def __init__(self, response: aiohttp.ClientResponse, url: str, mirror: Mirror, rate: LeastRate) -> None:
        check_transfer_codings(response.headers.getall("Transfer-Encoding", ()))
        self.status = response.status
        self.url = url
        # RFC 9112, 6.3: a transfer coding overrides Content-Length.
        self.length = None if "Transfer-Encoding" in response.headers else response.content_length
        self.retry_after = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        self.locations = tuple(response.headers.getall("Location", ()))
        self.media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.coding = content_coding(response.headers.getall("Content-Encoding", ()))
        self.etag = _validator(response.headers.get("ETag"))
        self.last_modified = _validator(response.headers.get("Last-Modified"))
        self._response = response
        self._mirror = mirror
        self._rate = rate
        self._meter = RateMeter(rate)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece.

        Raises:
            Failure: NETWORK, when the connection breaks, the bytes come too slowly, or their number disagrees with the
                announced one.
        """
        received = 0
        while chunk := await self._read():
            received += len(chunk)
            yield chunk
        if self.length is not None and received != self.length:
            what = f"{shown(self.url)} has {received} bytes instead of the announced {self.length}"
            raise Failure(Reason.NETWORK, what, mirror=self._mirror.url)

    async def beginning(self, limit: int) -> bytes:
        """The first ``limit`` bytes of the body, or all that came of it when its length was announced wrongly.

        Raises:
            Failure: NETWORK, when the connection breaks, or nothing comes, or too slowly.
        """
        raw = bytearray()
        with self._explained():
            try:
                while len(raw) < limit and (chunk := await self._next()):
                    raw += chunk
            except aiohttp.ClientPayloadError:
                if not raw:
                    raise
        return bytes(raw[:limit])

    async def drain(self) -> None:
        """Read a short rest, so that the connection can be used again; what is said there does not matter."""
        with suppress(*WIRE_ERRORS):
            async with asyncio.timeout(_DRAIN_TIME):
                await self._response.content.read(_DRAINED)

    async def _read(self) -> bytes:
        with self._explained():
            return await self._next()

    async def _next(self) -> bytes:
        clock = asyncio.get_running_loop().time
        began, patience = clock(), asyncio.timeout(self._meter.patience)
        try:
            async with patience:
                chunk = await self._response.content.readany()
        except TimeoutError:
            if patience.expired():
                raise self._too_slow() from None
            raise
        self._meter.took(clock() - began, len(chunk))
        return chunk

    def _too_slow(self) -> Failure:
        rate = self._rate
        what = (
            f"{shown(self.url)} comes too slowly: {self._meter.brought} bytes in {rate.window:g} seconds, where at "
            f"least {rate.least} are wanted; try later, or give a faster mirror"
        )
        return Failure(Reason.NETWORK, what, mirror=self._mirror.url)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except WIRE_ERRORS as error:
            raise explain(error, self.url, self._mirror.proxy).at(self._mirror.url) from error


def _validator(value: str | None) -> str | None:
    """What a server wrote, if it can be sent back as it stands."""
    # RFC 9110, 8.8.3: visible characters within quotes, which some servers leave out.
    text = (value or "").strip()
    return text if text and len(text) <= _LONGEST_VALIDATOR and text.isascii() and text.isprintable() else None
