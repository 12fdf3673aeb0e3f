"""A line for each request, when it has ended; and one for whatever the library has to say."""

import logging

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from codehost.model.access import Access
from codehost.model.texts import printable
from codehost.serve.access.credentials import without_tokens
from codehost.serve.access.middlewares import CLIENT, QUIET
from codehost.serve.api.endpoints import ACCESS

_SHOWN_PATH = 500
_SHOWN_AGENT = 120
_FIRST_SERVER_ERROR = 500

log = structlog.get_logger("codehost.serve")


class RequestLog(AbstractAccessLogger):
    """Writes the lines. No query, no user information, no token: whoever put a secret there finds it in no log."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """One line. ``time``: the seconds from the request's first byte to the answer's last."""
        if request.get(QUIET, False) and response.status < _FIRST_SERVER_ERROR:
            return
        client = request.get(CLIENT)
        log.info(
            "request",
            action="request",
            method=request.method,
            path=without_tokens(printable(_path(request.raw_path), _SHOWN_PATH)),
            status=response.status,
            seconds=round(time, 4),
            sent=response.body_length,
            address=client.address if client is not None else request.remote,
            token=request.get(ACCESS, Access()).token,
            agent=without_tokens(printable(request.headers.get("User-Agent", ""), _SHOWN_AGENT)),
        )


def _path(target: str) -> str:
    """The target without its query and, if it is an absolute URL, without user information."""
    path = target.partition("?")[0]
    scheme, slashes, rest = path.partition("://")
    if path.startswith("/") or not slashes:
        return path if path.startswith("/") else path.rpartition("@")[2]
    authority, slash, inner = rest.partition("/")
    return f"{scheme}{slashes}{authority.rpartition('@')[2]}{slash}{inner}"


class _Library(logging.Handler):
    """What aiohttp says quotes requests, so only what kind of trouble it is gets into the log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log.warning("request not understood", action="request_not_understood", error=error)


def library_logger() -> logging.Logger:
    """The logger for aiohttp's server."""
    logger = logging.getLogger("codehost.serve.library")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.handlers = [_Library()]
    return logger
