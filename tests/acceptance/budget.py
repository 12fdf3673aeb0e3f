"""The hourly budget under all that can happen to clocks and workers, on a simulated clock, long enough to believe it.

``python -m tests.acceptance.budget --grants 1000000`` is the long form of what ``test_shared_budget.py`` does.

Eight workers on eight machines, each with a clock that is off by up to an hour and runs a little fast or slow, take
turns at one ledger. They are killed with tokens in hand, start again, and use what they have at the last moment that is
allowed. The database's clock runs a little fast or slow, is set back, and is set forward (with a witness: see
``codehost.model.budget``). What must hold: no window of an hour holds more requests than the cap, and of what the hours
allow at least 95 % is used.
"""

import argparse
import heapq
import random
import sys
import time
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from codehost.model.budget import (
    DEPARTURE,
    KEPT_EVERY,
    SECOND,
    TICK,
    USABLE,
    WINDOW,
    Allotment,
    Spent,
    Witness,
    allot,
    counted_from,
    moment,
)

# Each cap's share of the grants, in percent. With small caps, nearly all turns are spent waiting.
SHARES = {1: 1, 7: 4, 600: 20, 1_300: 25, 5_000: 25, 57_600: 25}
WORKERS = 8
LONGEST_SLEEP = 60 * SECOND
LEAST_USE = 0.95


class BrokenPromiseError(AssertionError):
    """More than the cap in a window, or too little of it used."""


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What the database keeps, and its clock. Grants lie in the order of their times."""

    cap: int
    error: int = 0
    rate: float = 1.0
    grants: deque[tuple[int, int]] = field(default_factory=deque)
    tokens: int = 0
    granted: int = 0
    newest: int | None = None
    behind: int = 0

    def clock(self, true: int) -> int:
        return (int(true * self.rate) + self.error) // TICK * TICK

    def ask(self, true: int, latest: int | None) -> tuple[Allotment, int]:
        clock = self.clock(true)
        now = moment(clock, self.behind, self.newest, latest)
        self.behind = clock - now
        if self.newest is not None and now >= self.newest + KEPT_EVERY:
            self.newest = now
        while self.grants and self.grants[0][0] < counted_from(now):
            self.tokens -= self.grants.popleft()[1]
        oldest = self.grants[0][0] if self.grants else None
        allotment = allot(self.cap, Spent(tokens=self.tokens, oldest=oldest))
        if allotment.tokens:
            self.grants.append((now, allotment.tokens))
            self.tokens += allotment.tokens
            self.granted += 1
            self.newest = now
        return allotment, now


@dataclass(slots=True, kw_only=True)
class Worker:
    """A process on a machine whose clock shows ``offset`` too much and runs at ``rate``."""

    offset: int
    rate: float
    witness: Witness | None = None

    def clock(self, true: int) -> int:
        return int(true * self.rate) + self.offset

    def true(self, clock: int) -> int:
        return int((clock - self.offset) / self.rate)


@dataclass(slots=True, kw_only=True)
class Simulation:
    """One cap, so many grants."""

    ledger: Ledger
    chance: random.Random
    workers: list[Worker]
    hectic: float
    now: int = 0
    sent: "array[int]" = field(default_factory=lambda: array("q"))
    lost: int = 0
    kills: int = 0
    steps: int = 0
    # A forward step is held by whoever has lived through it; until such a one asks, the others do not.
    unwitnessed: bool = False

    def run(self, grants: int) -> None:
        queue = [(self.chance.randrange(SECOND), number) for number in range(len(self.workers))]
        heapq.heapify(queue)
        while self.ledger.granted < grants:
            self.now, number = heapq.heappop(queue)
            pause = self._turn(self.workers[number])
            heapq.heappush(queue, (self.now + pause, number))
            if self.chance.random() < self.hectic / 50:
                self._set_clock()

    def _turn(self, worker: Worker) -> int:
        """The worker asks, and uses what it gets or dies with it; how long until its next turn."""
        if self.unwitnessed and worker.witness is None:
            return SECOND
        self.unwitnessed = False
        asked_at = worker.clock(self.now)
        self.now += self.chance.randrange(SECOND // 20)
        latest = None if worker.witness is None else worker.witness.latest(worker.clock(self.now))
        allotment, present = self.ledger.ask(self.now, latest)
        worker.witness = Witness(present=present, asked_at=asked_at)
        if self.chance.random() < self.hectic / 10:
            self.kills += 1
            worker.witness = None
            used = self.chance.randint(0, allotment.tokens)
            self.lost += allotment.tokens - used
            self._use(worker, asked_at, used)
            return self.chance.randrange(60 * SECOND)
        if allotment.leaves_at is not None:
            return min(max(allotment.leaves_at - present, 0), LONGEST_SLEEP)
        self._use(worker, asked_at, allotment.tokens)
        return self.chance.randrange(SECOND)

    def _use(self, worker: Worker, asked_at: int, tokens: int) -> None:
        first = self.now
        last = max(first, worker.true(asked_at + USABLE - DEPARTURE)) + DEPARTURE
        if tokens and self.chance.random() < 0.5:
            edge = first if self.chance.random() < 0.5 else last
            self.sent.extend([edge] * tokens)
        else:
            self.sent.extend(self.chance.randint(first, last) for _ in range(tokens))

    def _set_clock(self) -> None:
        self.steps += 1
        by = self.chance.choice((-1, 1)) * self.chance.choice(
            (SECOND, 90 * SECOND, WINDOW, self.chance.randrange(WINDOW))
        )
        if by > 0:
            if all(worker.witness is None for worker in self.workers):
                return
            self.unwitnessed = True
        self.ledger.error += by


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one cap. ``use``: the share that was used of what the whole hours allow."""

    cap: int
    grants: int
    sent: int
    fullest: int
    use: float
    hours: int
    kills: int
    lost: int
    steps: int

    def __str__(self) -> str:
        return (
            f"cap {self.cap}: {self.grants} grants, {self.sent} requests in {self.hours} h; fullest window "
            f"{self.fullest}; {self.use:.2%} used; {self.kills} kills lost {self.lost}; "
            f"the clock was set {self.steps} times"
        )


def simulate(cap: int, grants: int, seed: int) -> Outcome:
    """Let eight workers make so many grants."""
    chance = random.Random(f"{seed} {cap}")
    slow_or_fast = (1 + chance.choice((-1, 0, 1)) * 0.0001 for _ in range(WORKERS))
    workers = [Worker(offset=chance.randint(-WINDOW, WINDOW), rate=rate) for rate in slow_or_fast]
    # As many deaths and changed clocks in an hour, whatever number of turns an hour has.
    hectic = 0.2 if cap < 600 else 0.05
    simulation = Simulation(ledger=Ledger(cap=cap), chance=chance, workers=workers, hectic=hectic)
    simulation.run(grants)
    sent = sorted(simulation.sent)
    hours = (sent[-1] - sent[0]) // WINDOW
    whole = bisect_left(sent, sent[0] + hours * WINDOW)
    return Outcome(
        cap=cap,
        grants=simulation.ledger.granted,
        sent=len(sent),
        fullest=fullest_window(sent),
        use=whole / (cap * hours),
        hours=hours,
        kills=simulation.kills,
        lost=simulation.lost,
        steps=simulation.steps,
    )


def fullest_window(sent: list[int]) -> int:
    """The most requests in any window of an hour; ``sent`` is in order."""
    fullest, first = 0, 0
    for index, at in enumerate(sent):
        while sent[first] < at - WINDOW:
            first += 1
        fullest = max(fullest, index - first + 1)
    return fullest


def check(outcome: Outcome) -> None:
    """Raise if the promise does not hold."""
    if outcome.fullest > outcome.cap:
        raise BrokenPromiseError(f"{outcome}: a window holds more than the cap")
    if outcome.use < LEAST_USE:
        raise BrokenPromiseError(f"{outcome}: less than {LEAST_USE:.0%} is used")


def run(grants: int, seed: int) -> Iterator[Outcome]:
    """Share the grants among the caps; each outcome is checked."""
    for cap, share in SHARES.items():
        outcome = simulate(cap, grants * share // 100, seed)
        check(outcome)
        yield outcome


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    began = time.monotonic()
    for outcome in run(arguments.grants, arguments.seed):
        print(outcome, flush=True)  # noqa: T201 - it is a command
    print(f"held in {time.monotonic() - began:.0f} seconds")  # noqa: T201 - it is a command
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
