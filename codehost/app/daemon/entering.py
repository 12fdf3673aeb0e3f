"""How a process comes to its data directory and its database, and becomes known to the others."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog

from codehost import __version__
from codehost.app.storage import Storage, pair
from codehost.housekeeping import DirectoryTakenError, held_together, shared
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.record.database import Database, open_database
from codehost.record.urls import SQLITE, driver_url
from codehost.record.workers import Workers
from codehost.supervising import Troubles, keep_running

_TAKEN_LOOK = 1.0
_DIRECTORY = "data directory"
# What is done last may meet a database that does not answer.
_FAREWELL = 10.0

log = structlog.get_logger("codehost.worker")


async def entered(
    stack: AsyncExitStack, data: DataDirectory, stop: asyncio.Event, troubles: Troubles, *, patient: bool
) -> bool:
    """Hold the data directory together with other workers; False if the worker is stopped before it is free.

    A sync or a verification ends by itself: a worker that is to run for months waits for it, if ``patient``.

    Raises:
        DirectoryTakenError: it is not free, and nobody is patient.
    """
    while True:
        try:
            stack.enter_context(held_together(data))
        except DirectoryTakenError as error:
            if not patient:
                raise
            what = f"A codehost sync or verify works on the data directory {error.root}"
            troubles.fall(_DIRECTORY, f"{what}: the worker begins when it ends.")
        else:
            troubles.rise(_DIRECTORY)
            return True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _TAKEN_LOOK)
        if stop.is_set():
            return False


async def opened(stack: AsyncExitStack, storage: Storage, stop: asyncio.Event, troubles: Troubles) -> Database | None:
    """The database, as soon as it is there; None if ``stop`` is set before."""
    found: list[Database] = []

    async def try_to_open() -> None:
        found.append(await stack.enter_async_context(open_database(storage.database_url, storage.data.root)))

    # A file on this machine is there or not; a server may start later than its workers.
    if driver_url(storage.database_url, storage.data.root).get_backend_name() == SQLITE:
        await try_to_open()
    else:
        await keep_running("database", try_to_open, stop, troubles)
    return found[0] if found else None


@asynccontextmanager
async def registered(database: Database, data: DataDirectory) -> AsyncIterator[None]:
    """Known to the others, and with folders of its own."""
    workers, owner = Workers(database), data.owner or ""
    # An owner makes itself known before it makes its folders: others remove those that nobody knows.
    await workers.register(owner, socket.gethostname(), os.getpid(), __version__)
    try:
        with shared(data):
            await pair(database, data)
            log.info(
                "worker started",
                action="worker_started",
                owner=owner,
                version=__version__,
                data_dir=str(data.root),
                database=database.shown,
            )
            yield
    finally:
        with suppress(UserError, TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await workers.remove(owner)
        log.info("worker ended", action="worker_ended", owner=owner)
