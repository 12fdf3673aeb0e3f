"""A file's bytes as an answer that no browser runs: text as plain text, all else as something to save."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from codehost.serve.pages.headers import RAW, caching, disposition, is_known
from codehost.serve.pages.ranges import UnsatisfiableError, wanted_part
from codehost.serve.pages.readers import BusyError
from codehost.serve.pages.showing import is_text

_PIECE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """A file to send. ``text``: its bytes are UTF-8 and look like text."""

    sha: str
    name: bytes
    content: bytes
    text: bool


def is_plain_text(content: bytes) -> bool:
    """Whether the content may be called UTF-8 text."""
    if not is_text(content):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


class RawSender:
    """Sends files, and bounds the memory that slow clients hold.

    Args:
        most: bytes of files that may be on their way at once.
        slowest: bytes a second that a client has to take.
        patience: seconds on top of that.
    """

    def __init__(self, most: int, slowest: int, patience: float = 30.0) -> None:
        self._most = most
        self._patience = patience
        self._slowest = slowest
        self._held = 0

    async def send(self, request: web.Request, file: RawFile, *, fixed: bool) -> web.StreamResponse:
        """Answer with the file, or with the part of it that is asked for.

        Raises:
            BusyError: too much is on its way already.
        """
        etag = f'"{file.sha}"'
        headers = {**RAW, **caching(etag, fixed=fixed), "Accept-Ranges": "bytes"}
        headers["Content-Type"] = "text/plain; charset=utf-8" if file.text else "application/octet-stream"
        headers.update(disposition("inline" if file.text else "attachment", file.name))
        if is_known(request.if_none_match, etag):
            return web.Response(status=304, headers={name: headers[name] for name in ("ETag", "Cache-Control")})
        whole = len(file.content)
        try:
            part = wanted_part(_range(request, etag), whole)
        except UnsatisfiableError:
            # RFC 9110, 15.5.17
            return web.Response(status=416, headers={**RAW, "Content-Range": f"bytes */{whole}"})
        if part is None:
            return await self._stream(request, web.StreamResponse(headers=headers), file.content, (0, whole))
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{whole}"
        return await self._stream(request, web.StreamResponse(status=206, headers=headers), file.content, part)

    async def _stream(
        self, request: web.Request, response: web.StreamResponse, content: bytes, part: tuple[int, int]
    ) -> web.StreamResponse:
        start, end = part
        if self._held and self._held + len(content) > self._most:
            raise BusyError
        response.content_length = end - start
        self._held += len(content)
        try:
            async with asyncio.timeout(self._patience + (end - start) / self._slowest):
                await response.prepare(request)
                if request.method != "HEAD":
                    view = memoryview(content)
                    for at in range(start, end, _PIECE):
                        await response.write(view[at : min(at + _PIECE, end)])
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._held -= len(content)
        return response


def _range(request: web.Request, etag: str) -> str | None:
    # RFC 9110, 14.2: a range is for GET only; 13.1.5: and only of the very file that the client has a part of.
    condition = request.headers.get("If-Range")
    if request.method != "GET" or (condition is not None and condition != etag):
        return None
    return request.headers.get("Range")
