import asyncio

from codehost.serve.access.traffic import Traffic


async def test_draining_waits_for_the_last_request() -> None:
    traffic = Traffic()

    async def request() -> None:
        with traffic.request():
            await traffic.stopping.wait()

    tasks = [asyncio.create_task(request()) for _ in range(3)]
    await asyncio.sleep(0)
    assert traffic.under_way == 3
    assert await traffic.drain(5.0) == 0
    await asyncio.gather(*tasks)


async def test_draining_has_an_end() -> None:
    traffic = Traffic()
    with traffic.request():
        assert await traffic.drain(0.01) == 1
