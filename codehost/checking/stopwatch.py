"""How long a mirror takes to answer, without the waits for the budget and between retries."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import Budget, Fetcher, FileResponse, PageResponse, Validators

# With these the mirror has not answered; any other failure is about its answer. AUTH is a proxy's own refusal here: a
# mirror's refusal is an answer.
_SILENT = frozenset({Reason.NETWORK, Reason.BLOCKED, Reason.AUTH})


class Stopwatch:
    """Watches the requests to one mirror, one after the other.

    ``reached``: it has answered something. ``seconds``: how long the last answer took to its last byte, with the making
    of a connection if there was none yet; None before the first answer.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.reached = False
        self.seconds: float | None = None
        self._monotonic = monotonic
        self._sent = 0.0

    def sent(self) -> None:
        """A request leaves."""
        self._sent = self._monotonic()

    def answered(self) -> None:
        """The last request was answered."""
        self.reached = True
        self.seconds = self._monotonic() - self._sent


class WatchedBudget:
    """A budget that tells the watch of each request; the fetcher spends right before it sends."""

    def __init__(self, budget: Budget, watch: Stopwatch) -> None:
        self._budget = budget
        self._watch = watch

    async def spend(self) -> None:
        """Wait until one more request may be sent, and count it."""
        await self._budget.spend()
        self._watch.sent()


class WatchedFetcher:
    """A fetcher that tells the watch of each answer."""

    def __init__(self, fetcher: Fetcher, watch: Stopwatch) -> None:
        self._fetcher = fetcher
        self._watch = watch

    async def page(self, mirror: Mirror, url: str, validators: Validators | None = None) -> PageResponse:
        """As the fetcher within."""
        return await self._watched(self._fetcher.page(mirror, url, validators))

    async def beginning(self, mirror: Mirror, url: str) -> PageResponse:
        """As the fetcher within."""
        return await self._watched(self._fetcher.beginning(mirror, url))

    def file(self, mirror: Mirror, url: str) -> AbstractAsyncContextManager[FileResponse]:
        """As the fetcher within, unwatched."""
        return self._fetcher.file(mirror, url)

    async def _watched(self, asking: Awaitable[PageResponse]) -> PageResponse:
        try:
            answer = await asking
        except Failure as failure:
            if failure.reason not in _SILENT:
                self._watch.answered()
            raise
        self._watch.answered()
        return answer
