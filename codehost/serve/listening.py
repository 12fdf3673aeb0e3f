"""The socket: where the server listens, over TLS or not, how many may be connected, and how it ends."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from codehost.model.errors import UserError
from codehost.serve.access.forwarded import Network
from codehost.serve.access.log import RequestLog, library_logger
from codehost.serve.doorman import Doorman

_ADVICE = {
    errno.EADDRINUSE: "another process uses it: give another one with --listen",
    errno.EADDRNOTAVAIL: "this machine does not have the address: give 127.0.0.1, 0.0.0.0 or one of its own",
    errno.EACCES: "this user may not: give a port above 1023",
}
# What is left of a body that nobody wanted is read for so long.
_LINGER_SECONDS = 2.0
_HANDSHAKE_SECONDS = 15.0
_BACKLOG = 512

log = structlog.get_logger("codehost.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: the certificate with its chain, and the key if it is not in the same file."""

    certificate: Path
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where to listen, and what a connection may take.

    Attributes:
        address: of this machine, or its name.
        port: 0 lets the system choose.
        tls: None: plain HTTP.
        connections: how many there may be at a time.
        of_one: how many of them may be from one address, or one network of IPv6; None: a quarter of all.
        crowds: networks whose addresses may have all of them: those of proxies, behind which there are many.
        head_seconds: in which the head of a request has to come, and the next one on the same connection. Longer than
            the common proxies keep their connections, so that they end them and not we.
        stalled_seconds: after which a client that takes no byte has gone.
    """

    address: str
    port: int
    tls: TlsFiles | None = None
    connections: int = 2_000
    of_one: int | None = None
    crowds: Sequence[Network] = ()
    head_seconds: float = 75.0
    stalled_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The open door. ``reload`` reads the certificate again, for connections from then on."""

    port: int
    reload: Callable[[], None]


@asynccontextmanager
async def listening(
    application: web.Application, where: Listening, *, drain: Callable[[], Awaitable[None]], farewell: float
) -> AsyncIterator[Door]:
    """Serve while the context lasts. At its end nobody more is let in, ``drain`` is awaited, and the rest is cut off.

    Args:
        application: what is served.
        where: the address.
        drain: lets what is under way end; bounded by itself.
        farewell: seconds for handlers to end when they are cancelled.

    Raises:
        UserError: the address cannot be listened on, or the certificate cannot be used.
    """
    context = None if where.tls is None else tls_context(where.tls)
    runner = web.AppRunner(application, handle_signals=False, shutdown_timeout=farewell)
    await runner.setup()
    try:
        server = await _listen(runner, where, context)
        try:
            yield Door(port=server.sockets[0].getsockname()[1], reload=lambda: _reload(context, where.tls))
        finally:
            server.close()
            await drain()
    finally:
        await runner.cleanup()


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """What the server shows of itself.

    Raises:
        UserError: the files cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # RFC 7301: nothing but HTTP/1.1 is spoken here.
    context.set_alpn_protocols(["http/1.1"])
    _load(context, files)
    return context


def _load(context: ssl.SSLContext, files: TlsFiles) -> None:
    try:
        # Without the callback, a key with a password would be asked for on the terminal.
        context.load_cert_chain(files.certificate, files.key, password=lambda: "")
    except ssl.SSLError:
        raise UserError(
            f"The certificate {files.certificate} and its key cannot be used: both have to be PEM files that belong"
            " together, the key without a password."
        ) from None
    except OSError as error:
        raise UserError(
            f"The certificate {files.certificate} or its key cannot be read ({error.strerror or error}): check"
            " --tls-certificate and --tls-key."
        ) from error


def _reload(context: ssl.SSLContext | None, files: TlsFiles | None) -> None:
    if context is None or files is None:
        return
    try:
        _load(tls_context(files), files)  # a trial: what is in use stays as it is if the new one is unfit
        _load(context, files)
    except UserError as error:
        log.warning("certificate not renewed", action="certificate_kept", error=str(error))


async def _listen(runner: web.AppRunner, where: Listening, context: ssl.SSLContext | None) -> asyncio.Server:
    if runner.server is None:
        raise TypeError(runner)
    doorman = _doorman(runner.server, where)
    timeout = None if context is None else _HANDSHAKE_SECONDS
    try:
        server = await asyncio.get_running_loop().create_server(
            doorman, where.address, where.port, ssl=context, ssl_handshake_timeout=timeout, backlog=_BACKLOG
        )
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "check the address and the port")
        raise UserError(f"The server cannot listen on {where.address}:{where.port}; {advice}.") from error
    for one in server.sockets:
        _bound_stalls(one, where.stalled_seconds)
    return server


def _doorman(server: web.Server, where: Listening) -> Doorman:
    options = {
        "access_log_class": RequestLog,
        "access_log": logging.getLogger("codehost.serve"),
        "logger": library_logger(),
        "keepalive_timeout": where.head_seconds,
        "lingering_time": _LINGER_SECONDS,
    }
    of_one = max(1, where.connections // 4) if where.of_one is None else where.of_one
    return Doorman(server, most=where.connections, of_one=of_one, crowds=where.crowds, options=options)


def _bound_stalls(listener: socket.socket, seconds: float) -> None:
    # tcp(7): accepted connections inherit it. It counts while there is something to send and nobody takes it.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1_000))
