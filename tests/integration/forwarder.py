"""What stands in front of many real servers: it ends TLS, asks for a password, and keeps a log of requests."""

import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

# RFC 9110, 7.6.1: these are about one connection, not about the message.
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
_PIECE = 1 << 16


@dataclass(slots=True, kw_only=True)
class Forwarder:
    """``async with Forwarder(target=...) as forwarder``: ``origin`` is where it is, ``target`` the origin behind it.

    With ``password``, every request needs basic authentication as ``username``; the server behind does not see it.
    ``paths`` is what was asked for, ``authorizations`` what came with each, in order.
    """

    target: str
    ssl_context: ssl.SSLContext | None = None
    username: str = ""
    password: str | None = None
    origin: str = ""
    paths: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        # Bodies pass as they are: compressed ones stay compressed.
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.ssl_context).start()
        scheme = "http" if self.ssl_context is None else "https"
        self.origin = f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None and self._session is not None:
            await self._runner.cleanup()
            await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.rel_url.raw_path_qs)
        authorization = request.headers.get("Authorization")
        self.authorizations.append(authorization)
        if self.password is not None and authorization != _basic(self.username, self.password):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="here"'})
        return await self._pass_on(request)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        dropped = _HOP_BY_HOP | (set() if self.password is None else {"authorization"})
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in dropped]
        url = URL(f"{self.target}{request.rel_url.raw_path_qs}", encoded=True)
        async with self._session.request(request.method, url, headers=headers, allow_redirects=False) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for piece in answer.content.iter_chunked(_PIECE):
                await response.write(piece)
            return response


def _basic(username: str, password: str) -> str:
    # RFC 7617: in UTF-8.
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
