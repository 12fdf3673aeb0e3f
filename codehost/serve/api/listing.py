"""``/v1/list-repos``: all repositories that are present, as Sourcegraph's "other" code host reads them.

With ``"repos": ["src-serve"]`` Sourcegraph asks ``<url>/v1/list-repos`` and clones from ``<url>`` followed by
``ClonePath``. So ``ClonePath`` is relative to the URL in its configuration, with whatever path that one has.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import msgspec
from aiohttp import web

from codehost.model.repository_names import clone_path
from codehost.record.repositories import Present

PATH = "/v1/list-repos"
_PAGE = 5_000
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
# Whoever takes nothing for so long has gone.
_STALLED_SECONDS = 60.0


class PresentRepositories(Protocol):
    """Repositories in the record that are there."""

    async def present(self, after: int, limit: int) -> list[Present]:
        """At most ``limit`` behind the release with the id ``after``; fewer: there are no more."""
        ...


class Item(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """One repository. ``URI`` is its identity there."""

    name: str
    uri: str = msgspec.field(name="URI")
    clone_path: str


class ListRepos:
    """The list in one answer, of any length: it is read and sent page by page."""

    def __init__(self, repositories: PresentRepositories) -> None:
        self._repositories = repositories

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get(PATH, self.list)]

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Send the whole list. An error on the way cuts the connection: half a list is no JSON."""
        response = web.StreamResponse(headers=_HEADERS)
        if request.method == "HEAD":
            return response
        pages = self._pages()
        # As long as nothing is sent, an error can be answered as one.
        first = await anext(pages, b"")
        await response.prepare(request)
        try:
            await _write(response, b'{"Items":[' + first)
            async for page in pages:
                await _write(response, b"," + page)
            await _write(response, b"]}\n")
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response

    async def _pages(self) -> AsyncIterator[bytes]:
        encode, after = msgspec.json.Encoder().encode, 0
        while page := await self._repositories.present(after, _PAGE):
            after = page[-1].release_id
            yield b",".join(encode(_item(one.repository)) for one in page)
            if len(page) < _PAGE:
                return


def _item(repository: str) -> Item:
    return Item(name=repository, uri=repository, clone_path=clone_path(repository))


async def _write(response: web.StreamResponse, what: bytes) -> None:
    async with asyncio.timeout(_STALLED_SECONDS):
        await response.write(what)
