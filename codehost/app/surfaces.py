"""What the HTTP server offers: its parts, with what they need."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from codehost.app.administering import admin_endpoints
from codehost.app.feeding import feeding
from codehost.app.keys import Keyring
from codehost.app.searching import searching
from codehost.app.storage import Storage
from codehost.config.reach import Reach
from codehost.record.catalogue import Catalogue
from codehost.record.database import Database
from codehost.serve.access.answers import ErrorPage
from codehost.serve.access.origin import Site
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.endpoints import Endpoint
from codehost.serve.api.search import Search
from codehost.serve.git.service import GitService
from codehost.serve.metrics import ServeMetrics
from codehost.serve.pages.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Surfaces:
    """What is offered.

    Attributes:
        endpoints: of the API.
        routes: for readers.
        open: for everybody.
        page: makes a page of a problem.
        git: has to be closed when the end is near.
    """

    endpoints: tuple[Endpoint, ...]
    routes: tuple[web.RouteDef, ...]
    open: tuple[web.RouteDef, ...]
    page: ErrorPage
    git: GitService


@asynccontextmanager
async def surfaces(
    storage: Storage,
    database: Database,
    keyring: Keyring,
    site: Site,
    traffic: Traffic,
    metrics: ServeMetrics,
    *,
    reach: Reach | None = None,
) -> AsyncIterator[Surfaces]:
    """Everything that is served, while the context lasts. ``reach``: what documents over HTTP may refer to.

    Raises:
        UserError: there is no git.
    """
    git = GitService(storage.data, observe=metrics.git, base=site.base)
    async with AsyncExitStack() as stack:
        feed = await stack.enter_async_context(feeding(storage, database, traffic.stopping))
        search = await stack.enter_async_context(searching(storage, database))
        pages = Pages(storage.data, Catalogue(database), search, base=site.base)
        stack.push_async_callback(pages.close)
        yield Surfaces(
            endpoints=(
                *feed.endpoints,
                *Search(search).endpoints(),
                *admin_endpoints(database, storage.data, keyring, reach=reach),
            ),
            # The pages take every path that is left.
            routes=(*git.routes(), *feed.routes, *pages.routes()),
            open=tuple(pages.open_routes()),
            page=pages.problem,
            git=git,
        )
