"""What went wrong, as an answer: problem details for programs, a sentence for git, a page for people."""

from collections.abc import Callable
from enum import StrEnum
from html import escape

import msgspec
from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.model.repository_names import PREFIX
from codehost.model.searching import NotNowError
from codehost.record.hosts import DocumentChangedError, KeptElsewhereError, NameTakenError, UnknownHostError
from codehost.serve.problems import KIND_OF_STATUS, MEDIA_TYPE, Kind, Problem, ProblemError

API_PREFIXES = ("/api/", "/v1/")
_PLAIN_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_FIRST_ERROR = 400
_FIRST_SERVER_ERROR = 500
_RETRY_SECONDS = "5"

# RFC 7617: git and browsers ask their users only for this one.
_BASIC = 'Basic realm="codehost", charset="UTF-8"'
_BEARER = f'Bearer realm="codehost", {_BASIC}'

_KINDS: tuple[tuple[tuple[type[UserError], ...], Kind], ...] = (
    ((UnknownHostError,), Kind.NOT_FOUND),
    ((NameTakenError, KeptElsewhereError), Kind.CONFLICT),
    ((DocumentChangedError,), Kind.CHANGED),
)

BAD_BODY = (web.RequestPayloadError, ClientPayloadError, HttpProcessingError)

# Makes the answer, with the headers that what is shown needs.
ErrorPage = Callable[[Problem], web.Response]


class Area(StrEnum):
    """For whom a part of the server is; ``health`` has the metrics, too."""

    API = "api"
    GIT = "git"
    PLAIN = "health"
    PAGES = "pages"


def area_of(path: str) -> Area:
    """The area that a path below the base is in."""
    if path.startswith(API_PREFIXES):
        return Area.API
    if path.startswith(PREFIX):
        return Area.GIT
    return Area.PLAIN if path in _PLAIN_PATHS else Area.PAGES


def problem_of(error: UserError) -> ProblemError:
    """The problem that an error of the program is for a client."""
    if isinstance(error, DatabaseUnavailableError):
        # Where the database is, and who uses it, is not for everybody; the log has it.
        return ProblemError(
            Kind.UNAVAILABLE,
            "The database does not answer at this moment: try again in some seconds.",
            headers={"Retry-After": _RETRY_SECONDS},
        )
    if isinstance(error, NotNowError):
        return ProblemError(Kind.UNAVAILABLE, str(error), headers={"Retry-After": _RETRY_SECONDS})
    kind = next((kind for types, kind in _KINDS if isinstance(error, types)), Kind.INVALID)
    return ProblemError(kind, str(error))


def problem_of_status(error: web.HTTPException, path: str) -> ProblemError:
    """The problem that the router, or the library, has with a request."""
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    kind = KIND_OF_STATUS.get(error.status)
    match kind:
        case Kind.NOT_FOUND:
            detail = f"There is nothing at {path}."
        case Kind.METHOD_NOT_ALLOWED:
            detail = f"At this address there is only {headers.get('Allow', 'something else')}."
        case None:
            kind = Kind.INTERNAL if error.status >= _FIRST_SERVER_ERROR else Kind.BAD_REQUEST
            detail = f"{error.reason}."
        case _:
            detail = f"{kind.title}."
    return ProblemError(kind, detail, headers=headers)


def is_error(answer: web.HTTPException) -> bool:
    """Whether it is more than a redirection."""
    return answer.status >= _FIRST_ERROR


def answer(error: ProblemError, area: Area, accept: str, page: ErrorPage) -> web.Response:
    """The answer. ``accept`` is what the client says that it reads."""
    headers = dict(error.headers)
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = _BEARER if area is Area.API else _BASIC
    if area is Area.API:
        headers["Content-Type"] = MEDIA_TYPE
        return web.Response(status=error.kind.status, body=msgspec.json.encode(error.problem), headers=headers)
    if area is Area.PAGES and "text/html" in accept:
        shown = page(error.problem)
        shown.headers.update(headers)
        return shown
    return web.Response(status=error.kind.status, text=f"{error.detail}\n", headers=headers)


def plain_page(problem: Problem) -> web.Response:
    """A page of a title and a sentence."""
    title, detail = escape(problem.title), escape(problem.detail)
    text = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<h1>{title}</h1>\n<p>{detail}</p>\n</html>\n"
    )
    return web.Response(status=problem.status, text=text, content_type="text/html")
