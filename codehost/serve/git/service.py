"""The git service: repositories are cloned from ``/git/<name>.git`` over the smart HTTP protocol, read only.

Most requests are full clones in version 2, and need no process (``whole``); the rest goes to git. Authentication is the
application's.
"""

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.repository_names import PREFIX
from codehost.reading.store import find_repository, read_whole_pack
from codehost.reading.whole import WholePack
from codehost.serve.access.origin import Site
from codehost.serve.git.answers import Refusal
from codehost.serve.git.events import Observer, Served
from codehost.serve.git.exchange import Exchange
from codehost.serve.git.guard import Guard
from codehost.serve.git.limits import GitLimits
from codehost.serve.git.progress import Ending
from codehost.serve.git.protocol import VERSION_2, version_in
from codehost.serve.git.refusing import missing, refuse
from codehost.serve.git.running import GitRunner
from codehost.serve.git.short import ShortWay
from codehost.serve.names import Action, Address, address_in

_ENDED = {
    Ending.IDLE: (408, "The rest of the request did not come in time."),
    Ending.SLOW: (408, "The request came too slowly."),
    Ending.LATE: (503, "The request took too long and was ended."),
    Ending.SHUTDOWN: (503, "The server is about to end: try again in a minute."),
}
# nginx's number for a client that has hung up; nobody reads it but metrics.
_CLIENT_CLOSED = 499
# A head of a body that is whole is all of it in nearly every request; whoever sends it slowly keeps nobody waiting.
_HEAD_BYTES = 65_536

log = structlog.get_logger("codehost.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    path: Path
    whole: WholePack | None


class GitService:
    """Serves the repositories of a data directory.

    Args:
        data: where they are.
        limits: what a client may take.
        observe: is told of every request when it has ended.
        base: the path that the whole server is below, such as ``/codehost``.

    Raises:
        UserError: there is no git.
    """

    def __init__(
        self,
        data: DataDirectory,
        limits: GitLimits | None = None,
        observe: Observer | None = None,
        *,
        base: str = "",
    ) -> None:
        self._data = data
        self._site = Site(base=base)
        self._limits = limits or GitLimits()
        self._observe = observe
        self._guard = Guard(self._limits)
        search_path = os.environ.get("PATH", os.defpath)
        git = shutil.which("git", path=search_path)
        if git is None:
            raise UserError("Repositories cannot be served without git: install it, or add it to PATH.")
        self._runner = GitRunner(git, search_path, self._limits)
        self._short = ShortWay(self._runner)
        self._closing = False

    def routes(self) -> list[web.RouteDef]:
        """The routes, for ``Application.add_routes``."""
        return [web.route("*", PREFIX + "{path:.*}", self._handle)]

    @property
    def under_way(self) -> int:
        """How many requests are being served."""
        return self._guard.watched

    async def close(self) -> None:
        """Serve nothing more, and end what is under way with its processes."""
        self._closing = True
        await self._guard.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        exchange = Exchange(request, self._limits)
        address = address_in(self._site.path_in(request.raw_path))
        try:
            with self._guard.watching(exchange):
                await self._answer(exchange, address)
            response = exchange.response or Refusal(500, "There is no answer: this is a defect of codehost.").response()
        except Refusal as refusal:
            response = self._refused(exchange, refusal)
        except ConnectionError:
            exchange.live_on()
            exchange.ending = exchange.ending or Ending.GONE
            response = self._ended(exchange, exchange.ending)
        except asyncio.CancelledError:
            if exchange.ending is None:
                raise
            exchange.live_on()
            response = self._ended(exchange, exchange.ending)
        self._tell(exchange, address, response)
        return response

    async def _answer(self, exchange: Exchange, address: Address | None) -> None:
        if self._closing:
            raise Refusal(*_ENDED[Ending.SHUTDOWN])
        request = exchange.request
        if address is None:
            raise missing()
        refusal = refuse(address, request.method, request.query.get("service"), request.content_type)
        if refusal is not None:
            raise refusal
        exchange.version = version_in(request.headers.get("Git-Protocol"))
        place = await asyncio.to_thread(self._place, address.name, exchange.version)
        if place is None:
            raise missing()
        exchange.repository = address.name
        if address.action is Action.REFS:
            await self._advertise(exchange, place)
        else:
            await self._upload(exchange, place)

    def _place(self, name: str, version: int) -> _Place | None:
        path = find_repository(self._data, name)
        if path is None:
            return None
        return _Place(path=path, whole=read_whole_pack(path) if version == VERSION_2 else None)

    async def _advertise(self, exchange: Exchange, place: _Place) -> None:
        if place.whole is None:
            await self._runner.advertise(exchange, place.path)
        else:
            await self._short.advertise(exchange, place.path)

    async def _upload(self, exchange: Exchange, place: _Place) -> None:
        head = bytearray()
        body = exchange.body()
        whole_body = True
        async for piece in body:
            head += piece
            if len(head) >= _HEAD_BYTES:
                whole_body = False
                break
        await body.aclose()
        if whole_body and place.whole is not None and await self._short.upload(exchange, place.whole, bytes(head)):
            return
        await self._runner.upload(exchange, place.path, bytes(head), whole_body=whole_body)

    def _refused(self, exchange: Exchange, refusal: Refusal) -> web.StreamResponse:
        if exchange.response is None:
            return refusal.response()
        exchange.hang_up()
        return exchange.response

    def _ended(self, exchange: Exchange, why: Ending) -> web.StreamResponse:
        log.info(
            "git request ended",
            action="git_ended",
            repository=exchange.repository,
            why=why.value,
            seconds=round(exchange.clock() - exchange.progress.started, 3),
        )
        if why in _ENDED and exchange.response is None:
            return Refusal(*_ENDED[why]).response()
        exchange.hang_up()
        return exchange.response or web.Response(status=_CLIENT_CLOSED)

    def _tell(self, exchange: Exchange, address: Address | None, response: web.StreamResponse) -> None:
        if self._observe is None:
            return
        served = Served(
            action=None if address is None else address.action,
            repository=exchange.repository,
            version=exchange.version,
            status=response.status,
            way=exchange.way,
            seconds=exchange.clock() - exchange.progress.started,
            received=exchange.progress.received,
            sent=exchange.progress.sent,
            ending=exchange.ending,
        )
        self._observe(served)
