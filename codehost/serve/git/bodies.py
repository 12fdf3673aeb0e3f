"""The body of a request: inflated where it has to be, and never more of it than is allowed."""

import zlib
from collections.abc import AsyncIterator

from aiohttp import ClientPayloadError, StreamReader
from aiohttp.http_exceptions import HttpProcessingError

from codehost.serve.git.answers import Refusal

CHUNK = 65_536
# RFC 9110, section 8.4.1.3: x-gzip is another name for gzip.
GZIP = frozenset({"gzip", "x-gzip"})
# RFC 1952, section 2.3.1; a packet line begins with a hexadecimal digit.
_MAGIC = b"\x1f\x8b"


class Inflater:
    """A gzip stream, piece by piece. Pure; what it holds is bounded by what it is fed."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what came; ``take`` has to have given everything of what came before."""
        self._rest += data

    def take(self) -> bytes:
        """The next piece, of ``CHUNK`` bytes at most; empty when more has to come first.

        Raises:
            Refusal: this is no gzip stream, or something follows it.
        """
        stream, rest = self._stream, self._rest
        if stream.unused_data or (stream.eof and rest):
            raise Refusal(400, "The request's body goes on after its gzip stream has ended.")
        try:
            piece = stream.decompress(rest, CHUNK) if rest else b""
        except zlib.error:
            raise Refusal(400, "The request's body is no gzip stream, although its header says so.") from None
        self._rest = stream.unconsumed_tail
        return piece

    def close(self) -> None:
        """The body has ended.

        Raises:
            Refusal: the stream has not.
        """
        if not self._stream.eof:
            raise Refusal(400, "The request's body ends in the middle of its gzip stream.")


async def pieces(content: StreamReader, encoding: str, limit: int) -> AsyncIterator[bytes]:
    """The body, inflated, in pieces of hardly more than ``CHUNK`` bytes.

    A server may have inflated it already and leave the header as it was: whatever does not look like gzip is taken as
    it is.

    Raises:
        Refusal: too much, damaged, or of an encoding that nobody asked for.
    """
    if encoding and encoding not in GZIP and encoding != "identity":
        raise Refusal(415, "The request's body is in an encoding that is not served; git sends gzip or none.")
    total = 0
    async for piece in _inflated(_raw(content), encoding):
        total += len(piece)
        if total > limit:
            raise Refusal(413, f"The request has more than {limit} bytes: ask for fewer objects at once.")
        yield piece


async def _inflated(raw: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    head = b""
    async for data in raw:
        head += data
        if len(head) >= len(_MAGIC):
            break
    if encoding not in GZIP or not head.startswith(_MAGIC):
        if head:
            yield head
        async for data in raw:
            yield data
        return
    inflater = Inflater()
    inflater.feed(head)
    while piece := inflater.take():
        yield piece
    async for data in raw:
        inflater.feed(data)
        while piece := inflater.take():
            yield piece
    inflater.close()


async def _raw(content: StreamReader) -> AsyncIterator[bytes]:
    try:
        while data := await content.read(CHUNK):
            yield data
    except (ClientPayloadError, HttpProcessingError) as error:
        raise Refusal(400, "The request's body cannot be read: it is cut off or damaged.") from error
