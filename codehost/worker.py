"""Work off the jobs of one code host until nothing is due; stop gracefully when asked.

The worker leases whole projects, so that a project page serves all its pins, and keeps the leases of what it has not
begun alive too. What it has not begun, or is in the middle of when it must stop, goes back to the queue as if it had
never been taken.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from codehost.hands import Hands, Workplace, new_owner
from codehost.model.errors import Failure
from codehost.model.events import Observer
from codehost.model.retrying import RetryPolicy, in_one_run
from codehost.pipeline import Pipeline
from codehost.record.jobs import Jobs

__all__ = ["LEASE_SECONDS", "Worker", "new_owner"]

LEASE_SECONDS = 120.0
_CLAIM = 64


@dataclass(slots=True, kw_only=True)
class Worker:
    """Works off the jobs of one code host with ``concurrency`` releases in flight at once.

    ``owner`` is that of the pipeline's data directory, or a new one. ``retry`` decides when a failed job comes again.
    """

    jobs: Jobs
    code_host_id: int
    pipeline: Pipeline
    observer: Observer
    concurrency: int = 8
    lease_seconds: float = LEASE_SECONDS
    owner: str = ""
    retry: RetryPolicy = in_one_run
    jitter: Callable[[], float] = random.random
    halted: Failure | None = None
    _cut: bool = False

    def __post_init__(self) -> None:
        self.owner = self.owner or self.pipeline.data.owner or new_owner()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until nothing is due, or until ``stop`` is set; then give back what is not done.

        ``halted`` says afterwards what made it stop by itself: a data directory that cannot be written.

        Raises:
            UserError: the database is gone.
        """
        place = Workplace(code_host_id=self.code_host_id, pipeline=self.pipeline, observer=self.observer)
        hands = Hands(
            jobs=self.jobs,
            owner=self.owner,
            lease_seconds=self.lease_seconds,
            retry=self.retry,
            place_of=lambda _: place,
            jitter=self.jitter,
        )
        heartbeat = asyncio.create_task(hands.keep_leases())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set() and hands.halted is None and await self._fill(hands, place):
                await asyncio.wait({*hands.running, stopping, heartbeat}, return_when=asyncio.FIRST_COMPLETED)
                if heartbeat.done():
                    heartbeat.result()  # it ends only when the database is gone
                if errors := hands.collect():
                    raise errors[0]  # it speaks for all
        finally:
            self.halted = hands.halted
            stopping.cancel()
            try:
                await hands.wind_down()
            finally:
                self.halted = self.halted or hands.halted
                heartbeat.cancel()
                with suppress(asyncio.CancelledError):
                    await heartbeat

    async def _fill(self, hands: Hands, place: Workplace) -> bool:
        """Begin as many jobs as may run; returns whether any are running."""
        while len(hands.running) < self.concurrency:
            # A project that the last claim cut in two goes on before its page is forgotten.
            if not hands.waiting or (self._cut and len(hands.waiting) < self.concurrency):
                claimed = await hands.claim([self.code_host_id], _CLAIM)
                self._cut = len(claimed) == _CLAIM
            if not hands.waiting:
                break
            hands.begin(hands.waiting.popleft(), place)
        return bool(hands.running)
