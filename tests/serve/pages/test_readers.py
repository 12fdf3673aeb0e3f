"""Threads that read, and the end of the queue for them."""

import asyncio
import threading

import pytest

from codehost.serve.pages.readers import BusyError, Readers


async def test_a_full_queue_says_so_and_empties() -> None:
    readers, gate = Readers(1, 1), threading.Event()
    tasks = [asyncio.create_task(readers.run(gate.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await readers.run(int)
    gate.set()
    assert await asyncio.gather(*tasks) == [True, True]
    assert await readers.run(int) == 0
    await readers.close()


async def test_who_goes_away_leaves_no_trace() -> None:
    readers, gate = Readers(1, 0), threading.Event()
    task = asyncio.create_task(readers.run(gate.wait))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    gate.set()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await readers.run(int) == 0
            except BusyError:
                await asyncio.sleep(0.01)
            else:
                break
    await readers.close()
