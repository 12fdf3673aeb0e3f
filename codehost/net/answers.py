"""Answers: their head, and their body as it comes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import aiohttp

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.net.explain import WIRE_ERRORS, explain
from codehost.net.origins import shown
from codehost.net.retries import parse_retry_after

_DRAINED = 64 * 1024


class HttpAnswer:
    """An answer whose body is still to come; the ``FileResponse`` port.

    ``media_type`` is in lower case without parameters, ``coding`` the content coding; both are empty if there is none.
    """

    def __init__(self, response: aiohttp.ClientResponse, url: str, mirror: Mirror) -> None:
        self.status = response.status
        self.url = url
        # RFC 9112, 6.3: a transfer coding overrides Content-Length.
        self.length = None if "Transfer-Encoding" in response.headers else response.content_length
        self.retry_after = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        self.location = response.headers.get("Location")
        self.media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        self.coding = response.headers.get("Content-Encoding", "")
        self._response = response
        self._mirror = mirror

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece.

        Raises:
            Failure: NETWORK, when the connection breaks or the length disagrees with the announced one.
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
            Failure: NETWORK, when the connection breaks or nothing comes.
        """
        raw = bytearray()
        with self._explained():
            try:
                while len(raw) < limit and (chunk := await self._response.content.readany()):
                    raw += chunk
            except aiohttp.ClientPayloadError:
                if not raw:
                    raise
        return bytes(raw[:limit])

    async def drain(self) -> None:
        """Read a short rest, so that the connection can be used again; what is said there does not matter."""
        with suppress(*WIRE_ERRORS):
            await self._response.content.read(_DRAINED)

    async def _read(self) -> bytes:
        with self._explained():
            return await self._response.content.readany()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except WIRE_ERRORS as error:
            raise explain(error, self.url, self._mirror.proxy).at(self._mirror.url) from error
