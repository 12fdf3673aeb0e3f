"""Wake-ups: how workers hear of new work without asking all the time.

On PostgreSQL whoever makes work says so in the same transaction (NOTIFY), and workers listen on a connection of their
own. On SQLite a worker looks at the number that every other connection's commit changes; that reads a few bytes of
shared memory and no disk. A worker's own writes on other connections wake it as well: a look that finds nothing must
write nothing, or it would wake itself again.

A wake-up is a hint and carries nothing. One that was lost is made up for by the worker's own look every now and then.
"""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.record.urls import POSTGRESQL, SQLITE, connecting, driver_url

CHANNEL = "codehost"
# Said when the feed has a new entry (``codehost.record.changes``).
FEED_CHANNEL = "codehost_feed"
POLL_SECONDS = 0.25
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_CHECK_SECONDS = 30.0
_PATIENCE = 10.0

log = structlog.get_logger("codehost.wakeups")


async def notify(connection: AsyncConnection) -> None:
    """Within a transaction that makes work: wake the workers when it commits. Many in one transaction are one."""
    if connection.dialect.name == POSTGRESQL:
        await connection.execute(text(f"NOTIFY {CHANNEL}"))


class Wakeups(Protocol):
    """Somebody to wait with. For one waiter at a time."""

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - a wait that ends by time is no error
        """Wait until there may be new work, at most ``timeout`` seconds; return whether there may be.

        Returns at once if something happened since the last call.
        """
        ...


@asynccontextmanager
async def open_wakeups(
    url: str | None, data_dir: Path, *, poll_seconds: float = POLL_SECONDS, channel: str = CHANNEL
) -> AsyncIterator[Wakeups]:
    """Listen to the database that ``open_database`` opens with the same arguments.

    That it cannot be reached is no error here: it is tried again, and every success is a wake-up, because what was said
    meanwhile was missed.
    """
    target = driver_url(url, data_dir)
    if target.get_backend_name() == SQLITE:
        polled = _Polled(target.database or "", poll_seconds)
        try:
            yield polled
        finally:
            polled.close()
        return
    listening = _Listening(target, channel)
    task = asyncio.create_task(listening.run(), name="wakeups")
    try:
        yield listening
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class _Polled:
    """SQLite: any commit by another connection, of this process or another one, may mean work."""

    def __init__(self, path: str, interval: float) -> None:
        self._path = path
        self._interval = interval
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - see the protocol
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + timeout
        while True:
            if self._changed():
                return True
            left = ends_at - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(self._interval, left))

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _changed(self) -> bool:
        try:
            if self._connection is None:
                # Without a wait for locks, and of a file that is there: nothing here may block the loop.
                place = f"{Path(self._path).absolute().as_uri()}?mode=ro"
                self._connection, self._seen = sqlite3.connect(place, uri=True, timeout=0), None
            # SQLite's manual, PRAGMA data_version: another number after a commit by any other connection.
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            # The file is away or its lock is taken. The look that follows the next success finds what was missed.
            self.close()
            return False
        changed, self._seen = version != self._seen, version
        return changed


class _Listening:
    """PostgreSQL: a connection that only listens, made anew whenever it is lost."""

    def __init__(self, target: URL, channel: str) -> None:
        self._target = target
        self._channel = channel
        self._woken = asyncio.Event()

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - see the protocol
        try:
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    async def run(self) -> None:
        """Listen for ever."""
        import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - not needed with SQLite, and slow to import

        pause = _FIRST_PAUSE
        while True:
            try:
                connection = await asyncpg.connect(**_arguments(self._target))
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                # The driver's own text may repeat settings.
                log.warning("no wake-ups", action="wakeups_unreachable", error=type(error).__name__, seconds=pause)
            else:
                pause = _FIRST_PAUSE
                try:
                    await self._listen(connection)
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                    log.warning("wake-ups lost", action="wakeups_lost", error=type(error).__name__, seconds=pause)
                finally:
                    connection.terminate()
            await asyncio.sleep(pause * (1 + random.random() / 2))  # noqa: S311 - spreads many workers, hides nothing
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listen(self, connection: Any) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(self._channel, lambda *_said: self._woken.set())
        # What was said before is missed.
        self._woken.set()
        while not lost.is_set():
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    await lost.wait()
            except TimeoutError:
                # A connection whose other end is gone without a word is noticed only by asking.
                await connection.execute("SELECT 1", timeout=_PATIENCE)
        # A lost connection means that something may have been missed already.
        self._woken.set()


def _arguments(target: URL) -> dict[str, Any]:
    place, settings = connecting(target, {"application_name": "codehost", "jit": "off"})
    _, arguments = place.get_dialect()().create_connect_args(place)
    return {"timeout": _PATIENCE, **arguments, **settings}
