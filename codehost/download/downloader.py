"""The downloader: verified bytes in the spool, or nothing."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from http.client import responses
from pathlib import Path

from codehost.download.spooled_file import SpooledFile
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason, reason_of_status
from codehost.model.members import MIB, Limits
from codehost.model.ports import Fetcher, FileResponse
from codehost.model.releases import DistributionFile, Download, Resolution
from codehost.net.headers import anonymous
from codehost.net.origins import same_host, shown
from codehost.net.retries import delay_before_retry
from codehost.threads import in_thread

_BATCH = MIB


class Downloader:
    """Brings distribution files into the spool."""

    def __init__(
        self,
        fetcher: Fetcher,
        spool: Path,
        *,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._fetcher = fetcher
        self._spool = spool
        self._jitter = jitter
        self._sleep = sleep

    async def download(
        self, resolution: Resolution, mirror: Mirror, name: str, limits: Limits, received: Callable[[int], None]
    ) -> Download:
        """Bring the resolution's file to ``<spool>/<name>``; on failure or cancellation nothing is left there.

        Args:
            resolution: what to bring.
            mirror: the mirror it was found on; its credentials are for its own origin, and for links of its own pages.
            name: the file's plain name in the spool.
            limits: ``file_bytes`` bounds the file, checked by the announced length and as the bytes come.
            received: told of every piece's size in bytes; a restart counts its bytes again.

        Raises:
            Failure: with its mirror. FILE_NOT_FOUND when the mirror lacks what its page lists, HASH_MISMATCH when
                the bytes are not the promised ones, TOO_LARGE, STORAGE; NETWORK, SERVER_ERROR and THROTTLED after a
                few attempts; BLOCKED, AUTH and the rest at once.
        """
        # A page that came from elsewhere by redirect is not the mirror's word: with the mirror's credentials, a link
        # back to it would publish under this release's name what only we may read.
        asked = mirror if same_host(resolution.page_url, mirror.url) else anonymous(mirror)
        attempt = 0
        while True:
            attempt += 1
            try:
                return await self._attempt(resolution.file, asked, name, limits, received)
            except Failure as failure:
                delay = delay_before_retry(attempt, failure.reason, failure.retry_after, self._jitter())
                if delay is None:
                    raise failure.at(mirror.url) from failure.__cause__
            await self._sleep(delay)

    async def _attempt(
        self, file: DistributionFile, mirror: Mirror, name: str, limits: Limits, received: Callable[[int], None]
    ) -> Download:
        spooled = SpooledFile(self._spool, name, file.hashes)
        bounds = _Bounds(file, limits)
        try:
            async with self._fetcher.file(mirror, file.url) as response:
                _check_status(response, file, mirror)
                bounds.check_announced(response.length)
                await in_thread(spooled.open)
                size = await _stream(response, spooled, bounds, received)
                final_url = shown(response.url)
            bounds.check_whole(size, response.length)
            try:
                verified = spooled.hasher.verify()
            except Failure as failure:
                raise Failure(failure.reason, f"{file.filename} is not what was promised: {failure.what}") from None
            # From here to the return nothing waits, so a cancellation cannot leave a finished file behind.
            spooled.keep()
            return Download(
                path=str(spooled.path),
                size=size,
                sha256=spooled.hasher.sha256,
                verified=verified,
                final_url=final_url,
            )
        finally:
            spooled.discard()


class _Bounds:
    """The sizes that a file may have: the limit, and what its page promises (PEP 700)."""

    def __init__(self, file: DistributionFile, limits: Limits) -> None:
        self._file = file
        self._limit = limits.file_bytes
        if file.size is not None:
            self.check_so_far(file.size)

    def check_announced(self, length: int | None) -> None:
        """Refuse by Content-Length, before a byte is stored. Raises TOO_LARGE or HASH_MISMATCH."""
        if length is not None:
            self.check_so_far(length)
            self._check_promise(length)

    def check_so_far(self, size: int) -> None:
        """Raise TOO_LARGE, or HASH_MISMATCH when there is already more than the page promises."""
        if size > self._limit:
            what = f"{self._file.filename} has more than {self._limit} bytes, the limit for one file"
            raise Failure(Reason.TOO_LARGE, what)
        if self._file.size is not None and size > self._file.size:
            self._check_promise(size)

    def check_whole(self, size: int, announced: int | None) -> None:
        """Raise NETWORK when the body is not as long as announced, HASH_MISMATCH when not as long as promised."""
        if announced is not None and size != announced:
            what = f"{self._file.filename} has {size} bytes instead of the announced {announced}"
            raise Failure(Reason.NETWORK, what)
        self._check_promise(size)

    def _check_promise(self, size: int) -> None:
        if self._file.size is not None and size != self._file.size:
            what = f"{self._file.filename} has {size} bytes, but the page promises {self._file.size}"
            raise Failure(Reason.HASH_MISMATCH, what)


def _check_status(response: FileResponse, file: DistributionFile, mirror: Mirror) -> None:
    status = response.status
    if status == HTTPStatus.OK:
        return
    what = f"{shown(response.url)} answered {status} {responses.get(status, '')}".rstrip()
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} or status in mirror.ignore_status_codes:
        raise Failure(Reason.FILE_NOT_FOUND, what)
    if status == HTTPStatus.PARTIAL_CONTENT:
        # RFC 9110, 15.3.7: only a request with Range may be answered with a part.
        raise Failure(Reason.SERVER_ERROR, f"{what} to a request for the whole of {file.filename}")
    reason = reason_of_status(status)
    # Of a page these statuses say that it is none; of a file, that it is not to be had.
    reason = Reason.FILE_NOT_FOUND if reason is Reason.BAD_PAGE else reason
    raise Failure(reason, what, retry_after=response.retry_after)


async def _stream(
    response: FileResponse, spooled: SpooledFile, bounds: _Bounds, received: Callable[[int], None]
) -> int:
    size = 0
    batch = bytearray()
    async for chunk in response.chunks():
        size += len(chunk)
        received(len(chunk))
        bounds.check_so_far(size)
        batch += chunk
        if len(batch) >= _BATCH:
            await in_thread(spooled.write, bytes(batch))
            batch.clear()
    await in_thread(spooled.write, bytes(batch))
    return size
