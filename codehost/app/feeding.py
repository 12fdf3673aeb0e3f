"""The feed of the HTTP server, wired: what ``codehost serve`` puts into its application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from codehost.app.storage import Storage
from codehost.record.database import Database
from codehost.record.feed import Feed
from codehost.record.reports import Reports
from codehost.record.repositories import Repositories
from codehost.record.wakeups import FEED_CHANNEL, open_wakeups
from codehost.serve.api.changes import Changes
from codehost.serve.api.endpoints import Endpoint
from codehost.serve.api.listing import ListRepos
from codehost.serve.api.repos import Repos
from codehost.serve.feed.hub import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """The feed's part of the application: endpoints of the API, and routes for readers besides."""

    endpoints: tuple[Endpoint, ...]
    routes: tuple[web.RouteDef, ...]


@asynccontextmanager
async def feeding(
    storage: Storage, database: Database, stopping: asyncio.Event, **bounds: Any
) -> AsyncIterator[Feeding]:
    """Listen for changes while the context lasts; whoever waits for one goes when ``stopping`` is set.

    ``bounds`` are those of ``codehost.serve.api.changes.Changes``, if they are to be others.
    """
    repositories = Repositories(database)
    async with open_wakeups(storage.database_url, storage.data.root, channel=FEED_CHANNEL) as wakeups:
        hub = Hub(Feed(database), wakeups.wait, stopping)
        listening = asyncio.create_task(hub.run(), name="feed")
        try:
            yield Feeding(
                endpoints=(
                    *Repos(repositories, Reports(database).details).endpoints(),
                    *Changes(hub, **bounds).endpoints(),
                ),
                routes=tuple(ListRepos(repositories).routes()),
            )
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
