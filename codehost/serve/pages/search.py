"""The search page: its head at once, each repository as it is told, then how it went. It works without scripts."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from markupsafe import Markup

from codehost.model.errors import UserError
from codehost.model.searching import RepositoryHits, Searched, Searching
from codehost.serve.api.gone import unless_gone, write
from codehost.serve.pages.about import AboutPages, Offer
from codehost.serve.pages.headers import page_headers
from codehost.serve.pages.limits import PageLimits
from codehost.serve.pages.rendering import Renderer
from codehost.serve.pages.searchform import MOST_LINES, SearchForm, form_of
from codehost.serve.pages.searchrows import rows_of
from codehost.serve.pages.searchtroubles import Trouble, trouble_of

T = TypeVar("T")
Event = RepositoryHits | Searched

_STREAMED = {
    "Content-Type": "text/html; charset=utf-8",
    # Whoever comes back from a line sees what was left there; nobody else does, and asking anew searches anew.
    "Cache-Control": "private, no-cache",
    # Proxies of one make gather what they pass on unless they are told not to.
    "X-Accel-Buffering": "no",
}
# Where results go in the template. No text can bring a NUL there: what is invisible is written out.
_CUT = Markup("\0")


class SearchPages:
    """The page, and what it finds.

    Args:
        renderer: fills in the templates.
        searching: answers.
        about: knows projects by their names.
        limits: bounds.
    """

    def __init__(self, renderer: Renderer, searching: Searching, about: AboutPages, limits: PageLimits) -> None:
        self._renderer = renderer
        self._searching = searching
        self._about = about
        self._limits = limits

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The answer. Without whoever asked, the search ends."""
        form = form_of(request.query)
        if not form.query:
            return self._renderer.answer(request, self._fill(form))
        if request.method == "HEAD":
            # RFC 9110, 9.3.2: what is only known by searching may be left out.
            return web.Response(headers={**page_headers(), **_STREAMED})
        return await unless_gone(request, self._search(request, form))

    async def _search(self, request: web.Request, form: SearchForm) -> web.StreamResponse:
        limits = self._limits
        asked = form.request(context=limits.search_context, seconds=limits.search_seconds)
        async with (
            aclosing(self._searching.search(asked)) as events,
            _under_way(_next(events)) as first,
            _under_way(self._about.offers(form.query)) as offers,
        ):
            # For so long an error is answered with its status; then the page begins, and has to say it itself.
            awaited: set[asyncio.Future[Any]] = {first, offers}
            await asyncio.wait(awaited, timeout=limits.search_patience)
            offered = offers.result() if offers.done() else []
            if first.done() and isinstance(error := first.exception(), UserError):
                return self._refuse(form, error, offered)
            begun = _Begun(form=form, offers=offered, first=first, others=events)
            return await self._tell(request, begun)

    def _refuse(self, form: SearchForm, error: UserError, offered: Sequence[Offer]) -> web.Response:
        trouble = trouble_of(error, form, self._renderer.links)
        return web.Response(
            status=trouble.kind.status,
            body=self._fill(form, trouble=trouble, offers=offered),
            content_type="text/html",
            charset="utf-8",
            headers={**page_headers(), **trouble.headers, "Cache-Control": "no-store"},
        )

    async def _tell(self, request: web.Request, begun: "_Begun") -> web.StreamResponse:
        head, tail = self._fill(begun.form, results=_CUT, offers=begun.offers).split(_CUT.encode())
        response = web.StreamResponse(headers={**page_headers(), **_STREAMED})
        await response.prepare(request)
        try:
            await write(response, head)
            await self._results(response, begun)
            await write(response, tail)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response

    async def _results(self, response: web.StreamResponse, begun: "_Begun") -> None:
        count = _Count()
        try:
            event = await begun.first
            while event is not None:
                # It may be large enough to keep everybody else waiting.
                await write(response, await asyncio.to_thread(self._piece, begun.form, event, count))
                count.add(event)
                event = await _next(begun.others)
        except UserError as error:
            trouble = trouble_of(error, begun.form, self._renderer.links)
            await write(response, self._renderer.fill("trouble.html", trouble=trouble, midway=True))

    def _piece(self, form: SearchForm, event: Event, count: "_Count") -> bytes:
        links = self._renderer.links
        if isinstance(event, RepositoryHits):
            return self._renderer.fill("found.html", found=rows_of(event, form, links))
        return self._renderer.fill(
            "searched.html",
            searched=event,
            repositories=count.repositories,
            form=form,
            most=MOST_LINES if count.hits >= form.lines < MOST_LINES else None,
        )

    def _fill(
        self,
        form: SearchForm,
        *,
        results: Markup | None = None,
        offers: Sequence[Offer] = (),
        trouble: Trouble | None = None,
    ) -> bytes:
        return self._renderer.fill("search.html", form=form, results=results, offers=offers, trouble=trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A search under way: its first event, which may still be to come, and the others."""

    form: SearchForm
    offers: Sequence[Offer]
    first: asyncio.Task[Event | None]
    others: AsyncGenerator[Event, None]


@dataclass(slots=True)
class _Count:
    """What was told."""

    repositories: int = 0
    hits: int = 0

    def add(self, event: Event) -> None:
        if isinstance(event, RepositoryHits):
            self.repositories += 1
            # A file of which only the name matches is a hit, too.
            self.hits += sum(len(file.lines) or 1 for file in event.files)


@asynccontextmanager
async def _under_way(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """The work goes on while the context lasts."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it may have failed when nobody asked any more


async def _next(events: AsyncGenerator[Event, None]) -> Event | None:
    async for event in events:
        return event
    return None
