"""Work off the jobs of many code hosts for months, with one bound on what is in flight.

Turns go round among the code hosts, so that none starves. What only waits for its code host's budget does no work: so
the jobs in flight of a code host that waits hold one place together, and meanwhile it begins no more than its share.

A data directory that cannot be written halts the work: no job can end well. After a while that grows up to a minute, it
is tried with one job. One that fails so again, although the disk was found well meanwhile, waits for its own sake.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from codehost.hands import Hands, Workplace
from codehost.model.errors import Failure, Reason
from codehost.model.jobs import LeasedJob, Turns
from codehost.model.retrying import HALTS

# What was missed, because a wake-up was lost, is looked for so often; and a look follows another no sooner than this.
_LOOK_SECONDS = 30.0
_LEAST_LOOK = 0.25
_LEAST_CLAIM = 16

log = structlog.get_logger("codehost.worker")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Post(Workplace):
    """A workplace among others.

    ``is_waiting``: whether it waits for its budget this moment. ``rests``: for how many seconds the mirror that every
    resolution begins with is left alone; no job is claimed meanwhile.
    """

    is_waiting: Callable[[], bool]
    rests: Callable[[], Awaitable[float]]


@dataclass(slots=True, kw_only=True)
class Service:
    """The work of one worker process.

    Args:
        hands: what it has in hand.
        posts: the code hosts that are worked for, by their ids; may change at any time.
        priorities: of these code hosts.
        concurrency: how many releases may be in flight at once.
        bell: is set when there may be work.
        usable: raises ``OSError`` as long as the data directory cannot be written.
    """

    hands: Hands
    posts: Mapping[int, Post]
    priorities: Mapping[int, int]
    concurrency: int
    bell: asyncio.Event
    usable: Callable[[], None]
    halt: Failure | None = None
    _halts: int = 0
    _halted_until: float = 0.0
    _in_doubt_since: float = 0.0
    _cut: bool = False
    _turns: Turns = field(default_factory=Turns)

    async def run(self, stop: asyncio.Event, *, once: bool = False) -> None:
        """Work until ``stop`` is set, or with ``once`` until nothing is due. May be called again after an error.

        What is in hand stays so at the end: the caller winds it down.

        Raises:
            UserError: the database is gone.
        """
        while not stop.is_set():
            self.bell.clear()
            self._collect()
            await self._mind_the_disk()
            seconds = await self._fill()
            if once and not self.hands.running and not self.hands.waiting:
                return
            await self._wait(stop, seconds)

    async def _wait(self, stop: asyncio.Event, seconds: float) -> None:
        waiters = [asyncio.create_task(event.wait()) for event in (stop, self.bell)]
        try:
            await asyncio.wait({*self.hands.running, *waiters}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)

    def _collect(self) -> None:
        for error in self.hands.collect():
            # Its job is still its own in the database, and goes back to the queue at the next heartbeat.
            log.warning("a job ended without a word", action="job_dropped", error=str(error) or type(error).__name__)

    async def _mind_the_disk(self) -> None:
        failure, self.hands.halted = self.hands.halted, None
        now = asyncio.get_running_loop().time()
        if self.halt is not None:
            if now < self._halted_until:
                return  # what was in flight has met the same disk
            failure = None
            try:
                await asyncio.to_thread(self.usable)
            except OSError as error:
                what = f"the data directory cannot be written ({error.strerror or error})"
                failure = Failure(Reason.STORAGE, what)
            else:
                log.warning("the data directory is tried again", action="storage_tried")
                self.halt = None
        if failure is not None:
            self._in_doubt_since = self._in_doubt_since if self._halts else now
            self._halts += 1
            seconds = HALTS.after(self._halts) or 0.0
            self._halted_until = now + seconds
            self.halt = failure
            log.error("work is halted", action="halted", error=f"{failure}. {failure.facts.advice}", seconds=seconds)
            await self.hands.give_back_waiting()

    @property
    def halted_for(self) -> float | None:
        """For how many seconds the data directory could not be written; None while it can, as far as is known."""
        return None if self.halt is None else asyncio.get_running_loop().time() - self._in_doubt_since

    def succeeded(self) -> None:
        """A release was published: the data directory can be written."""
        self._halts = 0

    async def _fill(self) -> float:
        """Begin what may begin; return after how many seconds to look again."""
        if self.halt is not None:
            return max(self._halted_until - asyncio.get_running_loop().time(), _LEAST_LOOK)
        for code_host_id in {job.code_host_id for job in self.hands.waiting} - set(self.posts):
            await self.hands.give_back_waiting(code_host_id)
        while True:
            self._begin()
            if self._places_taken() >= self._most() or (self._startable() and not self._goes_on()):
                return _LOOK_SECONDS
            hosts, rest = await self._claimable()
            claimed = await self.hands.claim(hosts, self._limit()) if hosts else []
            self._cut = len(claimed) == self._limit()
            self._turns.served({job.code_host_id for job in claimed})
            if not claimed:
                self._begin()
                due_in = await self.hands.jobs.due_in(hosts) if hosts else None
                soonest = min((seconds for seconds in (rest, due_in) if seconds is not None), default=_LOOK_SECONDS)
                return min(max(soonest, _LEAST_LOOK), _LOOK_SECONDS)

    def _begin(self) -> None:
        while self._places_taken() < self._most() and (job := self._startable()) is not None:
            self.hands.waiting.remove(job)
            self.hands.begin(job, self.posts[job.code_host_id])

    def _startable(self) -> LeasedJob | None:
        """Of the jobs that wait here the next one: of the code host that has least in flight."""
        running = self._running()
        free = {id_: running[id_] for id_ in self.posts if self._may_begin(id_, running[id_])}
        first: dict[int, LeasedJob] = {}
        for job in self.hands.waiting:
            if job.code_host_id in free:
                first.setdefault(job.code_host_id, job)
        return min(first.values(), key=lambda job: free[job.code_host_id], default=None)

    async def _claimable(self) -> tuple[list[int], float | None]:
        """The code hosts whose turn it is to get jobs; and after how many seconds a resting one may."""
        running = self._running()
        free = {id_: self.priorities.get(id_, 0) for id_, post in list(self.posts.items())}
        rests = {id_: await self.posts[id_].rests() for id_ in list(free) if id_ in self.posts}
        able = [id_ for id_ in self._turns.order(free) if rests.get(id_) == 0.0 and self._may_begin(id_, running[id_])]
        return able, min((seconds for seconds in rests.values() if seconds > 0), default=None)

    def _may_begin(self, code_host_id: int, running: int) -> bool:
        post = self.posts.get(code_host_id)
        if post is None:
            return False
        return running < (max(1, self.concurrency // len(self.posts)) if post.is_waiting() else self.concurrency)

    def _running(self) -> Counter[int]:
        return Counter(running.job.code_host_id for task, running in self.hands.running.items() if not task.done())

    def _places_taken(self) -> int:
        waiting = {id_ for id_, post in self.posts.items() if post.is_waiting()}
        return sum(min(count, 1) if id_ in waiting else count for id_, count in self._running().items())

    def _most(self) -> int:
        return 1 if self._halts else self.concurrency

    def _goes_on(self) -> bool:
        # A project that the last claim cut in two goes on before its page is forgotten.
        return self._cut and len(self.hands.waiting) < self.concurrency

    def _limit(self) -> int:
        # Enough for whole projects, and not so much that other workers stand idle; of a disk in doubt, one.
        return 1 if self._halts else max(2 * self.concurrency, _LEAST_CLAIM)


async def ring(waits: Callable[[float], Awaitable[bool]], bells: tuple[asyncio.Event, ...]) -> None:
    """Pass wake-ups on to everybody who waits for one, for ever."""
    while True:
        if await waits(_LOOK_SECONDS):
            for bell in bells:
                bell.set()
