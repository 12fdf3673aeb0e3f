"""SIGINT and SIGTERM as an event."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_on_signals(on_hangup: Callable[[], None] | None = None) -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set; a second signal ends the program at once. ``on_hangup`` is for SIGHUP."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def on_signal() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, on_signal)
    if on_hangup is not None:
        loop.add_signal_handler(signal.SIGHUP, on_hangup)
    try:
        yield stop
    finally:
        if on_hangup is not None:
            loop.remove_signal_handler(signal.SIGHUP)
        for number in signals:
            loop.remove_signal_handler(number)
