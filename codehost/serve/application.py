"""The HTTP application, put together from its parts.

What a request passes through, in this order:

1. ``Counting``: it is under way until its handler has ended.
2. ``Speaking``: whatever goes wrong further in becomes an answer: problem details below ``/api`` and ``/v1``, a
   sentence for git and for machines that ask for health, a page elsewhere. A defect becomes a 500 with a number that is
   in the log.
3. ``Knowing``: the client behind trusted proxies; the name that it calls this server by (421 for another's); writing on
   behalf of another site's page (403); then its token (401, 429).
4. ``guarded``, around each handler: the role that it needs (401, 403). The router has chosen the handler before 1.
5. The handler.

``Dressing`` gives every answer the headers that all have, just before the first byte leaves.

Each route is there twice when the server is below a base path: with it, for proxies that leave the path as it is, and
without it, for those that take it away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from codehost.model.access import Role
from codehost.serve.access.answers import ErrorPage, plain_page
from codehost.serve.access.forwarded import Network
from codehost.serve.access.gate import Gate
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.middlewares import Counting, Dressing, Knowing, Speaking, guarded
from codehost.serve.access.origin import Site
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.api.openapi import Json, document
from codehost.serve.metrics import ServeMetrics

API_ROOT = "/api/v1"
# Endpoints that others have laid down, with their place.
_FOREIGN = "/v1/"
_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the application is made of.

    Attributes:
        gate: knows who may.
        traffic: counts requests, and says when the end is near.
        version: of codehost.
        endpoints: of the API, with their paths below ``API_ROOT``; those below ``/v1/`` are there.
        reading: routes for readers: git, pages, metrics.
        open: routes for everybody, by whatever name the server is called: health, and what a page of a problem needs.
        site: where the server is.
        hosts: its names.
        trusted: the networks of proxies that are believed.
        page: makes a page of a problem.
        metrics: counts the answers.
    """

    gate: Gate
    traffic: Traffic
    version: str
    endpoints: Sequence[Endpoint] = ()
    reading: Sequence[web.RouteDef] = ()
    open: Sequence[web.RouteDef] = ()
    site: Site = field(default_factory=Site)
    hosts: HostNames = field(default_factory=HostNames)
    trusted: Sequence[Network] = ()
    page: ErrorPage = plain_page
    metrics: ServeMetrics = field(default_factory=ServeMetrics)


def application(parts: Parts) -> web.Application:
    """The application."""
    knowing = Knowing(
        site=parts.site,
        trusted=parts.trusted,
        hosts=parts.hosts,
        gate=parts.gate,
        anyhow=frozenset(route.path for route in parts.open),
    )
    counting = Counting(traffic=parts.traffic, metrics=parts.metrics, site=parts.site)
    steps = (counting, Speaking(site=parts.site, page=parts.page), knowing)
    made = web.Application(middlewares=[_middleware(step) for step in steps])
    dressing = Dressing(gate=parts.gate, site=parts.site)
    made.on_response_prepare.append(dressing.__call__)
    for route in _routes(parts):
        if parts.site.base:
            made.router.add_route(route.method, f"{parts.site.base}{route.path}", route.handler)
        made.router.add_route(route.method, route.path, _outside(parts.site.base, route.handler))
    return made


def _outside(base: str, handler: Handler) -> Handler:
    """The handler for paths without the base: what begins with it and has found no route there, is not there."""
    if not base:
        return handler

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path.startswith(f"{base}/"):
            raise web.HTTPNotFound
        return await handler(request)

    return handle


def _middleware(step: Counting | Speaking | Knowing) -> Middleware:
    @web.middleware
    async def pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await step(request, handler)

    return pass_on


def _routes(parts: Parts) -> Iterator[web.RouteDef]:
    for route in parts.open:
        yield from _with_head(route.method, route.path, route.handler)
    for route in parts.reading:
        handler = guarded(parts.gate, Role.READER, route.handler)
        yield from _with_head(route.method, route.path, handler, wanted=route.kwargs.get("allow_head", True))
    for endpoint in sorted([*parts.endpoints, _description(parts)], key=_greed):
        path = endpoint.route if endpoint.path.startswith(_FOREIGN) else f"{API_ROOT}{endpoint.route}"
        handler = guarded(parts.gate, endpoint.role, endpoint.respond)
        if endpoint.answer_type == _STREAM:
            # Who asks only for the head of a stream would wait for its end.
            yield web.route(endpoint.method, path, handler)
        else:
            yield from _with_head(endpoint.method, path, handler)


def _with_head(method: str, path: str, handler: Handler, *, wanted: bool = True) -> Iterator[web.RouteDef]:
    yield web.route(method, path, handler)
    if method == "GET" and wanted:
        yield web.route("HEAD", path, handler)


def _greed(endpoint: Endpoint) -> tuple[int, int]:
    """Names have slashes and take what they can get: what goes on behind a name, or has none, is asked first."""
    before, name, behind = endpoint.path.partition("{name}")
    return (1, -len(behind)) if name else (0, -len(before))


def _description(parts: Parts) -> Endpoint:
    # Made when somebody asks for it: it takes longer than all else that an application begins with.
    @cache
    def described() -> Json:
        return document([*below, endpoint], version=parts.version, root=root)

    async def describe(_call: Call[Nothing, None]) -> Answer:
        return Answer(content=described(), headers={"Cache-Control": "no-cache"})

    endpoint = Endpoint(
        method="GET",
        path="/openapi.json",
        name="getOpenApi",
        summary="This description",
        tag="schema",
        handle=describe,
        answers={200: dict},
    )
    below = [one for one in parts.endpoints if not one.path.startswith(_FOREIGN)]
    root = f"{parts.site.public or parts.site.base}{API_ROOT}"
    return endpoint
