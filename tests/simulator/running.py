"""A mirror for tests without an event loop of their own: it runs in one of its own, in a thread."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.simulator.mirror import Mirror

_PATIENCE = 10.0


@contextmanager
def running(mirror: Mirror) -> Iterator[Mirror]:
    """The mirror, serving until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(mirror.__aenter__(), loop).result(_PATIENCE)
        try:
            yield mirror
        finally:
            asyncio.run_coroutine_threadsafe(mirror.__aexit__(None, None, None), loop).result(_PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
