"""Sites on the loopback interface that keep what they were asked, and the object storage behind many mirrors."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

HTML = "text/html; charset=utf-8"
BARE = web.ResponseKey("bare", bool)

# A signature as object storage makes it: encoded or decoded once more, it is another one.
SIGNATURE = "X-Amz-Expires=60&X-Amz-Signature=a%2Fb%2Bc%3D&name=%22six%22"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it arrived: ``path`` with its query, as sent."""

    method: str
    path: str
    authorization: str | None
    accept: str


@dataclass(slots=True, kw_only=True)
class Site:
    """``async with Site(answer=...) as site``: ``origin`` is where it is; ``host`` is its name in that."""

    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    host: str = "127.0.0.1"
    origin: str = ""
    asked: list[Asked] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        app.on_response_prepare.append(_strip)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://{self.host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(
            Asked(
                method=request.method,
                path=request.rel_url.raw_path_qs,
                authorization=request.headers.get("Authorization"),
                accept=request.headers.get("Accept", ""),
            )
        )
        return await self.answer(request)


@dataclass(slots=True)
class Storage:
    """Files behind signed addresses on another host, as object storage has them. ``cuts``: how often to break off."""

    files: dict[str, bytes]
    cuts: int = 0

    def path(self, filename: str) -> str:
        return f"/bucket/{filename.replace('+', '%2B')}?{SIGNATURE}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        # Object storage takes one proof of who asks, and refuses two.
        if "Authorization" in request.headers:
            return web.Response(status=400, text="<Code>InvalidArgument</Code>")
        filename = request.path.removeprefix("/bucket/")
        if filename not in self.files or request.rel_url.raw_query_string != SIGNATURE:
            return web.Response(status=403, text="<Code>SignatureDoesNotMatch</Code>")
        if self.cuts:
            self.cuts -= 1
            return await cut(request, self.files[filename])
        return data(self.files[filename])


def page(*lines: str, head: str = "", kind: str | None = HTML) -> web.Response:
    """A page of HTML; with ``kind`` None it has no Content-Type."""
    body = "\n".join(("<!DOCTYPE html>", f"<html><head>{head}</head><body>", *lines, "</body></html>"))
    response = web.Response(body=body.encode(), headers={"Content-Type": kind or HTML})
    response[BARE] = kind is None
    return response


def data(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/octet-stream")


async def cut(request: web.Request, body: bytes, *, after: float = 0.5) -> web.StreamResponse:
    """Announce a body, send so much of it, and close the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: int(len(body) * after)])
    # What was written leaves first.
    await asyncio.sleep(0)
    if request.transport is not None:
        request.transport.close()
    return response


async def _strip(request: web.Request, response: web.StreamResponse) -> None:
    if response.get(BARE):
        response.headers.pop("Content-Type", None)
