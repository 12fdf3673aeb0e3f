"""The pages, as routes. Who may see them is the application's business.

Everything that a path may mean is decided here: a place in a repository on the disk, a recorded release, or nothing.
"""

import re
from dataclasses import dataclass

import structlog
from aiohttp import web

from codehost.model.datadir import DataDirectory
from codehost.model.searching import Searching
from codehost.reading.snapshot import DamagedError, Snapshot, open_snapshot
from codehost.serve.access.origin import Site
from codehost.serve.pages.about import AboutPages
from codehost.serve.pages.colouring import Colouring
from codehost.serve.pages.content import ContentPages
from codehost.serve.pages.headers import STATIC
from codehost.serve.pages.limits import PageLimits
from codehost.serve.pages.links import Links, Place, places, repository_in, words_in
from codehost.serve.pages.readers import BusyError, Readers
from codehost.serve.pages.rendering import Renderer
from codehost.serve.pages.search import SearchPages
from codehost.serve.ports import Catalogue
from codehost.serve.problems import Kind, Problem, ProblemError

_AGAIN = "5"
_BUSY = "Too many pages are asked for at this moment: try again in some seconds."
# What is served beside the pages, wherever its routes are added.
_OTHERS = r"(?:(?:api|git|v1)/|(?:healthz|metrics|readyz)\Z)"

log = structlog.get_logger("codehost.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    place: Place
    snapshot: Snapshot


class Pages:
    """Pages of the repositories in a data directory.

    Args:
        data: where they are.
        catalogue: what is recorded of them.
        searching: finds what their files say.
        base: what stands before every path, if the server is not at the root of its host: ``/code``.
        limits: bounds.
    """

    def __init__(
        self,
        data: DataDirectory,
        catalogue: Catalogue,
        searching: Searching,
        *,
        base: str = "",
        limits: PageLimits | None = None,
    ) -> None:
        limits = limits or PageLimits()
        self._data = data
        self._links = Links(base)
        self._site = Site(base=self._links.base)
        self._renderer = Renderer(self._links)
        self._home = [("All code hosts, and what changed of late", self._links.index())]
        self._readers = Readers(limits.readers, limits.waiting)
        self._colouring = Colouring(limits)
        self._about = AboutPages(self._renderer, catalogue, limits)
        self._search = SearchPages(self._renderer, searching, self._about, limits)
        self._content = ContentPages(self._renderer, self._readers, self._colouring, limits)

    def routes(self) -> list[web.RouteDef]:
        """The routes, for ``Application.add_routes``: the last of them takes every path that is left."""
        below = f"(?:{re.escape(self._links.base[1:])}/)?" if self._links.base else ""
        return [
            web.get("/", self._about.index),
            web.get("/-/search", self._search.page),
            web.get(f"/{{path:(?!{below}{_OTHERS}).+}}", self._page),
        ]

    def open_routes(self) -> list[web.RouteDef]:
        """What a page of a problem needs, and therefore is for those too who may see no other."""
        return [web.get("/-/static/style.css", self._style)]

    def problem(self, problem: Problem) -> web.Response:
        """The page of what went wrong outside of the pages: before them, and to them."""
        return self._renderer.problem(problem.status, problem.title, problem.detail, self._home)

    async def close(self) -> None:
        """End the threads and processes."""
        await self._colouring.close()
        await self._readers.close()

    async def _style(self, request: web.Request) -> web.Response:
        headers = dict(STATIC)
        if request.query.get("v") != self._renderer.build:
            headers["Cache-Control"] = "no-cache"  # an older page's, or a newer one's
        return web.Response(body=self._renderer.style, content_type="text/css", charset="utf-8", headers=headers)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        try:
            try:
                return await self._answer(request)
            except DamagedError:
                return await self._answer(request)  # it may have been replaced under our hands
        except BusyError:
            raise ProblemError(Kind.UNAVAILABLE, _BUSY, headers={"Retry-After": _AGAIN}) from None
        except DamagedError as error:
            log.warning("a repository cannot be read", action="page_damaged", repository=error.repository)
            sentence = (
                f"The repository {error.repository} is not as it was written:"
                " the operator mends it with codehost verify --repair."
            )
            return self._renderer.problem(500, "A damaged repository", sentence)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = self._site.path_in(request.raw_path)
        if path == "/":
            raise web.HTTPFound(self._links.index())
        found = await self._readers.run(lambda: self._find(path))
        if found is None:
            return await self._release(request, path)
        place, snapshot = found.place, found.snapshot
        ways = [(f"The repository {place.repository}", self._links.release(place.repository))]
        if not snapshot.has(place.rev):
            sentence = (
                f"The repository {place.repository} has no revision {place.rev}: its one commit is {snapshot.commit}."
            )
            now = Place(repository=place.repository, view=place.view, rev=snapshot.commit, path=place.path)
            ways.append(("The same at that commit", self._links.to(now)))
            return self._renderer.problem(404, "No such revision", sentence, ways)
        response = await self._content.show(request, place, snapshot)
        if response is None:
            sentence = f"The repository {place.repository} has nothing there at {place.rev}."
            ways.append(("All its files", self._links.tree(place.repository, place.rev)))
            return self._renderer.problem(404, "No such file", sentence, ways)
        return response

    def _find(self, path: str) -> _Found | None:
        for place in places(path):
            snapshot = open_snapshot(self._data, place.repository)
            if snapshot is not None:
                return _Found(place=place, snapshot=snapshot)
        return None

    async def _release(self, request: web.Request, path: str) -> web.StreamResponse:
        name = repository_in(path)
        release = None if name is None else await self._about.details(name)
        if release is not None:
            there = await self._readers.run(lambda: self._is_there(release.repository))
            return await self._about.release(request, release, there=there)
        meant = next(places(path), None)
        what = meant.repository if meant is not None else name
        sentence = "No page has this address." if what is None else f"No repository is called {what}."
        return self._renderer.problem(
            404, "Nothing is here", sentence, self._home, await self._about.guesses(words_in(path))
        )

    def _is_there(self, repository: str) -> bool:
        try:
            return open_snapshot(self._data, repository) is not None
        except DamagedError:
            return False
