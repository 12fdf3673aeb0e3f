import asyncio
import threading

import pytest

from codehost.threads import in_thread


async def test_what_it_returns_and_raises() -> None:
    assert await in_thread(int, "7", base=8) == 7
    with pytest.raises(ValueError, match="invalid literal"):
        await in_thread(int, "x")


@pytest.mark.parametrize("error", [None, ValueError("nobody asks for it")])
async def test_a_cancellation_waits_until_it_has_ended(error: Exception | None) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()
        ended.set()
        if error is not None:
            raise error

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
