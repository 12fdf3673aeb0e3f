"""``/api/v1/search``: what the files of the repositories say."""

from contextlib import aclosing
from typing import Annotated

import msgspec
from aiohttp import web
from packaging.utils import canonicalize_name

from codehost.model.searching import (
    DEFAULT_LINES,
    DEFAULT_SECONDS,
    MOST_CONTEXT,
    MOST_LINES,
    MOST_SECONDS,
    QueryError,
    Searching,
    SearchRequest,
    SearchScope,
)
from codehost.search.scope import UnknownScopeError
from codehost.serve.api.endpoints import Call, Endpoint
from codehost.serve.api.gone import unless_gone
from codehost.serve.api.links import addresses_for
from codehost.serve.api.search_shapes import SearchAnswer
from codehost.serve.api.search_stream import NDJSON, Form, Lines, Whole, send
from codehost.serve.problems import Flaw, Kind, ProblemError

_MOST_PROJECTS = 100
_PARAMETERS = {"code host": "codeHost", "project": "project", "version": "version"}

_Lines = Annotated[int, msgspec.Meta(ge=1, le=MOST_LINES, description="At most so many lines in all.")]
_LinesEach = Annotated[int, msgspec.Meta(ge=1, le=MOST_LINES, description="At most so many lines of one file.")]
_Context = Annotated[int, msgspec.Meta(ge=0, le=MOST_CONTEXT, description="So many lines around each that matches.")]
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=MOST_SECONDS, description="At most so long.")]
_Projects = Annotated[
    tuple[str, ...],
    msgspec.Meta(max_length=_MOST_PROJECTS, description="Only of the project that is called so; give it repeatedly."),
]


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to search for, and where."""

    q: Annotated[str, msgspec.Meta(description="The query: docs/search.md has its syntax.")]
    project: _Projects = ()
    version: Annotated[str, msgspec.Meta(description="Only releases of this version.")] | None = None
    code_host: Annotated[str, msgspec.Meta(description="Only of the code host with this name.")] | None = None
    latest: Annotated[bool, msgspec.Meta(description="Only the newest release of each project.")] = True
    lines: _Lines = DEFAULT_LINES
    lines_each: _LinesEach | None = None
    context: _Context = 0
    seconds: _Seconds = DEFAULT_SECONDS


class Search:
    """Searching over HTTP."""

    def __init__(self, searching: Searching) -> None:
        self._searching = searching

    def endpoints(self) -> list[Endpoint]:
        """The one."""
        return [
            Endpoint(
                method="GET",
                path="/search",
                name="search",
                summary="Files and lines that match a query, repository by repository",
                tag="search",
                handle=self.search,
                query=SearchQuery,
                answers={200: SearchAnswer},
                other_forms={NDJSON: bytes},
                problems=(Kind.NOT_FOUND,),
            )
        ]

    async def search(self, call: Call[SearchQuery, None]) -> web.StreamResponse:
        """Search; without whoever asked, it ends."""
        return await unless_gone(call.request, self._search(call))

    async def _search(self, call: Call[SearchQuery, None]) -> web.StreamResponse:
        try:
            async with aclosing(self._searching.search(request_of(call.query))) as events:
                return await send(call.request, events, _form(call.request), addresses_for(call.request).root)
        except QueryError as error:
            flaw = Flaw(detail=f"{error.problem}.", parameter="q", position=error.position, hint=error.hint or None)
            raise ProblemError(Kind.INVALID, str(error), flaws=(flaw,)) from None
        except UnknownScopeError as error:
            flaw = Flaw(detail=error.problem, parameter=_PARAMETERS[error.what], hint=", ".join(error.near) or None)
            raise ProblemError(Kind.NOT_FOUND, str(error), flaws=(flaw,)) from None


def request_of(query: SearchQuery) -> SearchRequest:
    """The question that the parameters are."""
    return SearchRequest(
        query=query.q,
        scope=SearchScope(
            code_host=query.code_host,
            projects=tuple(canonicalize_name(project) for project in query.project),
            version=query.version,
            latest=query.latest,
        ),
        lines=query.lines,
        lines_each=query.lines_each,
        context=query.context,
        seconds=query.seconds,
    )


def _form(request: web.Request) -> Form:
    ranges = ",".join(request.headers.getall("Accept", ())).split(",")
    # RFC 9110, section 12.5.1. Who names it wants it: nothing sends this type of itself.
    wanted = any(one.partition(";")[0].strip().lower() == NDJSON for one in ranges)
    return Lines() if wanted else Whole()
