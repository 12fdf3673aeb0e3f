"""What every request passes through. The order is ``codehost.serve.application``'s."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from codehost.model.access import Access, Role
from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.model.texts import printable
from codehost.net.elapsed import elapsed
from codehost.serve.access.answers import (
    BAD_BODY,
    ErrorPage,
    answer,
    area_of,
    is_error,
    problem_of,
    problem_of_status,
)
from codehost.serve.access.credentials import without_tokens
from codehost.serve.access.forwarded import Client, Network, client_of
from codehost.serve.access.gate import Gate
from codehost.serve.access.headers import ALWAYS, OTHERWISE
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.origin import Origin, Site
from codehost.serve.access.sites import is_foreign
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.endpoints import ACCESS
from codehost.serve.metrics import ServeMetrics
from codehost.serve.problems import Kind, ProblemError

CLIENT: web.RequestKey[Client] = web.RequestKey("client", Client)
ORIGIN: web.RequestKey[Origin] = web.RequestKey("origin", Origin)
# Asked for by machines all the time, and so not worth a line each.
QUIET: web.RequestKey[bool] = web.RequestKey("quiet", bool)
_STARTED: web.RequestKey[web.StreamResponse] = web.RequestKey("started", web.StreamResponse)

# nginx's number for a client that has hung up.
_CLIENT_CLOSED = 499
# Of a path in a log line.
_SHOWN_PATH = 500

log = structlog.get_logger("codehost.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Counts what is under way, and what became of it."""

    traffic: Traffic
    metrics: ServeMetrics
    site: Site

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass it on."""
        started, status = elapsed(), _CLIENT_CLOSED
        self.metrics.begun()
        try:
            with self.traffic.request():
                response = await handler(request)
                status = response.status
                return response
        except web.HTTPException as redirection:
            status = redirection.status
            raise
        finally:
            self.metrics.ended(area_of(self.site.inner(request.path)), status, elapsed() - started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """Makes an answer of whatever went wrong."""

    site: Site
    page: ErrorPage

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass it on."""
        try:
            return await handler(request)
        except ProblemError as error:
            problem = error
        except web.HTTPException as error:
            if not is_error(error):
                raise
            if request.method == "OPTIONS" and "Allow" in error.headers:
                return web.Response(status=204, headers={"Allow": f"{error.headers['Allow']},OPTIONS"})
            problem = problem_of_status(error, printable(request.path, _SHOWN_PATH))
        except UserError as error:
            if isinstance(error, DatabaseUnavailableError):
                log.warning("database away", action="request_unavailable", error=str(error))
            problem = problem_of(error)
        except BAD_BODY:
            problem = ProblemError(Kind.BAD_REQUEST, "The request's body cannot be read: it is cut off or damaged.")
        except Exception as error:  # noqa: BLE001 - a defect must cost one request; it is logged, to be found again
            if isinstance(error, ConnectionError) and (request.transport is None or request.transport.is_closing()):
                return _gone(request)
            problem = _defect(request, error)
        return self._say(request, problem)

    def _say(self, request: web.Request, problem: ProblemError) -> web.StreamResponse:
        if _STARTED in request:
            return _gone(request)
        path = self.site.inner(request.path)
        return answer(problem, area_of(path), request.headers.get("Accept", ""), self.page)


def _gone(request: web.Request) -> web.Response:
    """What the line in the log says of a client that nothing more is sent to. Its connection ends.

    Nobody may take half an answer for a whole one.
    """
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=_CLIENT_CLOSED)


def _defect(request: web.Request, error: Exception) -> ProblemError:
    number = uuid.uuid4().hex[:12]
    path = without_tokens(printable(request.path, _SHOWN_PATH))
    log.error("request crashed", action="request_crashed", id=number, method=request.method, path=path, exc_info=error)
    return ProblemError(Kind.INTERNAL, f"codehost met a defect of its own: its log says more under {number}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowing:
    """Finds out who asks, and refuses what is not meant for this server. ``anyhow``: paths served by any name."""

    site: Site
    trusted: Sequence[Network]
    hosts: HostNames
    gate: Gate
    anyhow: frozenset[str]

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass it on, with ``CLIENT``, ``ORIGIN`` and ``ACCESS``."""
        client = client_of(_direct(request), lambda name: ", ".join(request.headers.getall(name, ())), self.trusted)
        request[CLIENT] = client
        request[ORIGIN] = self.site.origin(client)
        if self.site.inner(request.path) in self.anyhow:
            request[QUIET] = True
        else:
            self._check_name(client)
        _check_site(request, client)
        request[ACCESS] = await self.gate.identify(request.headers.getall("Authorization", ()), client.address)
        return await handler(request)

    def _check_name(self, client: Client) -> None:
        if not self.hosts.know(client.authority):
            raise ProblemError(
                Kind.MISDIRECTED,
                "This server has no such name. Its operator gives it further ones with --public-url or --host-name.",
            )


def _direct(request: web.Request) -> Client:
    names = request.headers.getall("Host", ())
    # RFC 9112, section 3.2: exactly one, and the target's own host counts before it.
    if len(names) > 1 or (not names and request.version >= (1, 1)):
        raise ProblemError(Kind.BAD_REQUEST, "The request names no host, or several.")
    target = request.raw_path
    authority = target.partition("://")[2].partition("/")[0] if not target.startswith(("/", "*")) else ""
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    return Client(
        address=peer[0] if isinstance(peer, tuple) else "",
        scheme="https" if request.secure else "http",
        authority=(authority or (names[0] if names else "localhost")).strip(),
    )


def _check_site(request: web.Request, client: Client) -> None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if is_foreign(request.method, site=site, origin=origin, authority=client.authority):
        raise ProblemError(Kind.FORBIDDEN, "A page of another site may change nothing here.")


def guarded(gate: Gate, role: Role | None, handler: Handler) -> Handler:
    """The handler, for those who may."""

    async def handle(request: web.Request) -> web.StreamResponse:
        gate.admit(request.get(ACCESS, Access()), role)
        return await handler(request)

    return handle


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressing:
    """Gives every answer the headers that all have; for ``Application.on_response_prepare``."""

    gate: Gate
    site: Site

    async def __call__(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add what is missing."""
        request[_STARTED] = response
        headers = response.headers
        headers.update(ALWAYS)
        for name, value in OTHERWISE.items():
            headers.setdefault(name, value)
        # RFC 9111, section 3.5: "public" lets caches hand to everybody what a token was needed for.
        if request.get(ACCESS, Access()).role is not None or not self.gate.is_open:
            headers["Cache-Control"] = headers["Cache-Control"].replace("public", "private")
        if request.get(CLIENT) is not None and request[ORIGIN].root.startswith("https:"):
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            # HTML, 7.1.3: without TLS browsers pass it over, and complain.
            headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
