"""The budget's arithmetic, and the promise itself under a simulated clock."""

import random
from bisect import bisect_right
from dataclasses import dataclass, field

import pytest

from codehost.model.budget import (
    COUNTED,
    SECOND,
    TICK,
    USABLE,
    WINDOW,
    Allotment,
    Spent,
    Witness,
    allot,
    batch_size,
    counted_from,
    moment,
)


@pytest.mark.parametrize(
    ("cap", "batch"), [(1, 1), (599, 1), (600, 1), (1_200, 2), (19_199, 31), (19_200, 32), (57_600, 32), (10**9, 32)]
)
def test_batch_size(cap: int, batch: int) -> None:
    assert batch_size(cap) == batch


MOMENTS = [
    # clock, behind, newest, latest -> now
    (5, 0, None, None, 5),
    (5, 0, 4, None, 5),
    (9, 2, 4, None, 7),
    # Set back: from the newest on.
    (5, 0, 9, None, 9),
    (5, -8, 9, None, 13),
    # Set forward, and somebody knows.
    (900, 0, 4, 7, 7),
    # Others have been told a later present since.
    (900, 0, 8, 7, 8),
]


@pytest.mark.parametrize(("clock", "behind", "newest", "latest", "now"), MOMENTS)
def test_the_present(clock: int, behind: int, newest: int | None, latest: int | None, now: int) -> None:
    assert moment(clock, behind, newest, latest) == now


@pytest.mark.parametrize("waited", [0, SECOND, WINDOW, 24 * WINDOW])
def test_a_witness_allows_for_clocks_that_run_a_little_apart(waited: int) -> None:
    latest = Witness(present=7, asked_at=100).latest(100 + waited)
    assert 0 < latest - (7 + waited) <= waited // 1_000 + SECOND // 10


ALLOTMENTS = [
    # cap, spent tokens, oldest -> tokens, left, leaves at
    (3_000, 0, None, 5, 2_995, None),
    (3_000, 2_990, 7, 5, 5, None),
    (3_000, 2_997, 7, 3, 0, None),
    (3_000, 3_000, 7, 0, 0, 7 + COUNTED + TICK),
    # The cap was lowered: more is spent than it allows now.
    (3_000, 4_000, 7, 0, 0, 7 + COUNTED + TICK),
    (1, 0, None, 1, 0, None),
]


@pytest.mark.parametrize(("cap", "tokens", "oldest", "granted", "left", "leaves_at"), ALLOTMENTS)
def test_allot(cap: int, tokens: int, oldest: int | None, granted: int, left: int, leaves_at: int | None) -> None:
    expected = Allotment(tokens=granted, left=left, leaves_at=leaves_at)
    assert allot(cap, Spent(tokens=tokens, oldest=oldest)) == expected


def test_a_grant_counts_until_its_last_use_has_left_every_window() -> None:
    granted_at = 1_000
    last = granted_at + COUNTED
    assert last >= granted_at + USABLE + WINDOW
    assert counted_from(last) <= granted_at
    assert counted_from(last + TICK) > granted_at


@dataclass(slots=True)
class _Simulation:
    """Several workers, one ledger; ``now`` is true time, the database's clock may be set back."""

    cap: int
    random: random.Random
    now: int = 0
    clock_error: int = 0
    behind: int = 0
    grants: list[list[int]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def clock(self) -> int:
        return (self.now + self.clock_error) // TICK * TICK

    def ask(self) -> Allotment:
        now = moment(self.clock(), self.behind, max((at for at, _ in self.grants), default=None))
        self.behind = self.clock() - now
        counted = [(at, tokens) for at, tokens in self.grants if at >= counted_from(now) and tokens]
        spent = Spent(tokens=sum(tokens for _, tokens in counted), oldest=min((at for at, _ in counted), default=None))
        allotment = allot(self.cap, spent)
        if allotment.tokens:
            self.grants.append([now, allotment.tokens])
        return allotment

    def step(self) -> None:
        """One worker asks, uses some of its grant within the allowed time, and may give the rest back."""
        asked_at = self.now
        self.now += self.random.randrange(SECOND)
        allotment = self.ask()
        if allotment.leaves_at is not None:
            self.now += (
                max(0, allotment.leaves_at - self.clock() + self.behind) if self.random.random() < 0.5 else SECOND
            )
            return
        used = self.random.choice((allotment.tokens, self.random.randint(0, allotment.tokens)))
        until = asked_at + USABLE
        self.sent += [self.random.choice((self.now, until, self.random.randint(self.now, until))) for _ in range(used)]
        if self.random.random() < 0.5:
            self.grants[-1][1] = used
        self.now += self.random.choice((0, self.random.randrange(20 * SECOND), self.random.randrange(WINDOW // 4)))

    def fullest_window(self) -> int:
        times = sorted(self.sent)
        return max((bisect_right(times, at + WINDOW) - index for index, at in enumerate(times)), default=0)


@pytest.mark.parametrize("seed", range(40))
def test_no_window_holds_more_than_the_cap(seed: int) -> None:
    chance = random.Random(seed)
    simulation = _Simulation(cap=chance.choice((1, 2, 7, 50, 600, 1_300, 5_000)), random=chance)
    for _ in range(600):
        simulation.step()
        if chance.random() < 0.02:
            simulation.clock_error -= chance.randrange(WINDOW)
    assert 0 < simulation.fullest_window() <= simulation.cap


def test_the_whole_cap_can_be_used() -> None:
    simulation = _Simulation(cap=700, random=random.Random(1))
    tokens = 0
    while (allotment := simulation.ask()).leaves_at is None:
        tokens += allotment.tokens
    assert tokens == 700
    assert allotment.leaves_at is not None
    simulation.now = allotment.leaves_at
    assert simulation.ask().tokens > 0
