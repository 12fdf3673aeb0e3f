import asyncio

from structlog.testing import capture_logs

from codehost.model.errors import UserError
from codehost.supervising import Troubles, keep_running


async def test_what_ends_by_an_error_begins_again_and_says_why_meanwhile() -> None:
    troubles, seen, runs = Troubles(), [], 0

    async def work() -> None:
        nonlocal runs
        runs += 1
        seen.append(troubles.first())
        if runs == 1:
            raise UserError("The database is away.")
        if runs == 2:
            raise ZeroDivisionError("secret")

    await keep_running("loop", work, asyncio.Event(), troubles)
    assert seen[:2] == [None, "The database is away."]
    assert seen[2] == "The worker's part loop meets an unexpected ZeroDivisionError: see its log."
    assert troubles.first() is None


async def test_a_reason_is_told_once_until_all_go_on() -> None:
    troubles = Troubles()
    with capture_logs() as logs:
        for loop in ("one", "two", "one"):
            troubles.fall(loop, "The database is away.")
        troubles.rise("one")
        troubles.rise("one")
        troubles.rise("two")
        troubles.fall("two", "The database is away.")
    assert [entry["action"] for entry in logs] == ["trouble", "trouble_over", "trouble"]


async def test_who_goes_on_wakes_the_others() -> None:
    troubles = Troubles()
    troubles.fall("one", "The database is away.")
    asyncio.get_running_loop().call_later(0.01, troubles.rise, "one")
    async with asyncio.timeout(2):
        await troubles.pause(60, asyncio.Event())


async def test_a_stop_ends_the_wait_for_the_next_try() -> None:
    stop = asyncio.Event()

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.01, stop.set)
        raise UserError("no")

    async with asyncio.timeout(0.4):
        await keep_running("loop", work, stop, Troubles())
