"""``/healthz``, ``/readyz`` and ``/metrics`` over HTTP, and nothing else. Whoever reaches the port may read them."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from codehost.model.errors import UserError
from codehost.model.health import HealthProbe

LOOPBACK = "127.0.0.1"
_PATIENCE = 10.0
# Whoever still reads an answer when the worker ends gets so long.
_FAREWELL = 1.0

_WELL = 200
_UNWELL = 503

_ADVICE = {
    errno.EADDRINUSE: "another process uses it: give another one, or none",
    errno.EADDRNOTAVAIL: "this machine does not have the address: give 127.0.0.1 or one of its own",
    errno.EACCES: "this user may not: give a port above 1023",
}

log = structlog.get_logger("codehost.health")


@asynccontextmanager
async def serving_health(address: str, port: int, probe: HealthProbe) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port, which the system chooses for 0.

    Raises:
        UserError: the address and port cannot be served on.
    """
    runner = web.AppRunner(_application(probe), handle_signals=False, access_log=None, shutdown_timeout=_FAREWELL)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, address, port).start()
        except OSError as error:
            raise _unusable(address, port, error) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def health_routes(probe: HealthProbe) -> list[web.RouteDef]:
    """``/healthz`` and ``/readyz``, which say little and are for everybody."""
    return [web.get("/healthz", _sentences(probe.healthy)), web.get("/readyz", _sentences(probe.ready))]


def metrics_routes(probe: HealthProbe) -> list[web.RouteDef]:
    """``/metrics``, which tells of the code hosts."""
    return [web.get("/metrics", _metrics(probe.metrics))]


def _application(probe: HealthProbe) -> web.Application:
    application = web.Application()
    application.add_routes([*health_routes(probe), *metrics_routes(probe)])
    application.on_response_prepare.append(_say_no_more)
    return application


def _sentences(ask: Callable[[], str | None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            sentence = ask()
        except Exception:  # a defect of the probe must be an answer, too
            log.exception("probe crashed", action="probe_crashed", path=request.path)
            sentence = "The probe crashed: this is a defect of codehost, see its log."
        return web.Response(status=_WELL if sentence is None else _UNWELL, text=f"{sentence or 'ok'}\n")

    return answer


def _metrics(ask: Callable[[], Awaitable[bytes]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_PATIENCE):
                body = await ask()
        except TimeoutError:
            return web.Response(status=_UNWELL, text=f"The metrics took longer than {_PATIENCE:.0f} s.\n")
        except Exception:  # as above
            log.exception("probe crashed", action="probe_crashed", path=request.path)
            return web.Response(status=_UNWELL, text="The metrics cannot be read: see the log of codehost.\n")
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer


async def _say_no_more(_request: web.Request, response: web.StreamResponse) -> None:
    # The versions of Python and of libraries are nobody's business.
    response.headers["Server"] = "codehost"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _unusable(address: str, port: int, error: OSError) -> UserError:
    advice = _ADVICE.get(error.errno or 0, "check the address and the port")
    return UserError(f"Health and metrics cannot be served on {address}:{port}; {advice}.")
