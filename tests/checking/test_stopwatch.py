import pytest

from codehost.checking.stopwatch import Stopwatch, WatchedBudget, WatchedFetcher
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from tests.simulator.fetcher import MemoryFetcher, html_page

MIRROR = Mirror(url="https://mirror.example.com/simple")
PAGE = f"{MIRROR.url}/six/"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    async def spend(self) -> None:
        """A long wait for the budget."""
        self.now += 1000.0


async def ask(answer: object) -> Stopwatch:
    clock = Clock()
    watch = Stopwatch(clock.monotonic)
    fetcher = WatchedFetcher(MemoryFetcher({PAGE: [answer]}), watch)  # type: ignore[list-item]
    await WatchedBudget(clock, watch).spend()
    clock.now += 0.25
    if isinstance(answer, Failure):
        with pytest.raises(Failure):
            await fetcher.page(MIRROR, PAGE)
    else:
        assert await fetcher.page(MIRROR, PAGE) is answer
    return watch


@pytest.mark.parametrize("status", [200, 401, 404, 503])
async def test_an_answer_is_timed_without_the_wait_for_the_budget(status: int) -> None:
    watch = await ask(html_page(PAGE, status=status))
    assert (watch.reached, watch.seconds) == (True, 0.25)


@pytest.mark.parametrize(
    ("reason", "reached"),
    [
        (Reason.NETWORK, False),
        (Reason.BLOCKED, False),
        (Reason.AUTH, False),
        (Reason.BAD_PAGE, True),
    ],
)
async def test_whether_the_mirror_was_reached(reason: Reason, *, reached: bool) -> None:
    watch = await ask(Failure(reason, "something is wrong"))
    assert (watch.reached, watch.seconds) == (reached, 0.25 if reached else None)
