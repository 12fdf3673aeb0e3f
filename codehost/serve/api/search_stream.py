"""What is found, sent as soon as it is found: as one JSON object, or as a line of JSON for each repository."""

from collections.abc import AsyncGenerator
from typing import Protocol

import msgspec
from aiohttp import web

from codehost.model.errors import UserError
from codehost.model.searching import RepositoryHits, Searched
from codehost.serve.access.answers import problem_of
from codehost.serve.api.endpoints import JSON
from codehost.serve.api.gone import write
from codehost.serve.api.search_shapes import FoundRepository, SearchStatistics, repository_of, statistics_of
from codehost.serve.problems import Kind, Problem, ProblemError

NDJSON = "application/x-ndjson"
_DEFECT = "codehost met a defect of its own: its log says more."

Events = AsyncGenerator[RepositoryHits | Searched, None]


class Form(Protocol):
    """A way to write what is found."""

    media_type: str

    def repository(self, found: FoundRepository) -> bytes:
        """What was found in the next repository."""
        ...

    def statistics(self, statistics: SearchStatistics) -> bytes:
        """The end."""
        ...

    def problem(self, problem: Problem) -> bytes | None:
        """The end, when the search failed; None: it cannot be told."""
        ...


class Lines:
    """Each line is an object with one key: ``repository``, and in the end ``statistics`` or ``problem``."""

    media_type = NDJSON

    def repository(self, found: FoundRepository) -> bytes:
        """A line."""
        return _line("repository", found)

    def statistics(self, statistics: SearchStatistics) -> bytes:
        """The last line."""
        return _line("statistics", statistics)

    def problem(self, problem: Problem) -> bytes | None:
        """The last line."""
        return _line("problem", problem)


class Whole:
    """One object: ``SearchAnswer``."""

    media_type = JSON

    def __init__(self) -> None:
        self._begun = False

    def repository(self, found: FoundRepository) -> bytes:
        """The next of the array."""
        return self._opening(b",") + msgspec.json.encode(found)

    def statistics(self, statistics: SearchStatistics) -> bytes:
        """Behind the array."""
        return self._opening(b"") + b'],"statistics":' + msgspec.json.encode(statistics) + b"}"

    def problem(self, problem: Problem) -> bytes | None:  # noqa: ARG002 - the port's
        """Half an object is no JSON: who reads it sees that it is cut off."""
        return None

    def _opening(self, otherwise: bytes) -> bytes:
        begun, self._begun = self._begun, True
        return otherwise if begun else b'{"repositories":['


async def send(request: web.Request, events: Events, form: Form, root: str) -> web.StreamResponse:
    """Send what is found. ``root``: the URL of the server's own "/" without that slash.

    Raises:
        ProblemError, UserError: before anything was sent.
    """
    # As long as nothing is sent, an error can be answered as one.
    first = await anext(events)
    response = web.StreamResponse(
        headers={
            "Content-Type": form.media_type,
            "Cache-Control": "no-store",
            "Vary": "Accept",
            # Proxies of one make gather what they pass on unless they are told not to.
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        await write(response, _written(first, form, root))
        await _rest(response, events, form, root)
        await response.write_eof()
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return response


async def _rest(response: web.StreamResponse, events: Events, form: Form, root: str) -> None:
    try:
        async for event in events:
            await write(response, _written(event, form, root))
    except UserError as error:
        if not await _fail(response, form, problem_of(error)):
            raise
    except (ConnectionError, TimeoutError):
        raise
    except Exception:
        await _fail(response, form, ProblemError(Kind.INTERNAL, _DEFECT))
        raise


async def _fail(response: web.StreamResponse, form: Form, error: ProblemError) -> bool:
    """Say that it failed; returns whether that could be said."""
    line = form.problem(error.problem)
    if line is not None:
        await write(response, line)
    return line is not None


def _written(event: RepositoryHits | Searched, form: Form, root: str) -> bytes:
    if isinstance(event, Searched):
        return form.statistics(statistics_of(event))
    return form.repository(repository_of(event, root))


def _line(key: str, value: object) -> bytes:
    return msgspec.json.encode({key: value}) + b"\n"
