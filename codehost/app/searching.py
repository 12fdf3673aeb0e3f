"""Search, wired: the engine that answers, for the HTTP server and for the command."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from codehost.app.storage import Storage, existing_database, understood
from codehost.model.searching import RepositoryHits, Searched, Searching, SearchRequest
from codehost.record.database import Database
from codehost.search.scan.engine import ScanEngine


@asynccontextmanager
async def searching(storage: Storage, database: Database) -> AsyncIterator[Searching]:
    """What answers searches over the repositories of ``storage``, while the context lasts.

    One for the process: its bounds are those of all searches together.
    """
    async with ScanEngine(database, storage.data) as engine:
        yield engine


async def search(storage: Storage, request: SearchRequest) -> AsyncGenerator[RepositoryHits | Searched, None]:
    """One search, with an engine of its own; as ``codehost.model.searching.Searching.search``.

    Raises:
        QueryError: the query cannot be understood.
        UnknownScopeError: nothing goes by a name that the scope gives.
        UserError: nothing has been synced, or the database cannot be used.
    """
    with understood(storage):
        async with (
            existing_database(storage) as database,
            searching(storage, database) as engine,
            aclosing(engine.search(request)) as events,
        ):
            async for event in events:
                yield event
