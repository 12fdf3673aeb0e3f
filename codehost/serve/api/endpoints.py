"""One endpoint of the API: what it takes, what it answers, who may call it, and the function that does it.

The routes and the OpenAPI document are both made from these, so that neither can say what the other does not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import web

from codehost.model.access import Access, Role
from codehost.serve.problems import Flaw, Kind, ProblemError

Q = TypeVar("Q")
B = TypeVar("B")

ACCESS: web.RequestKey[Access] = web.RequestKey("access", Access)

JSON = "application/json"
_MAX_BODY = 16 * 2**20
_BODY_SECONDS = 60.0


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Q, B]):
    """A request to an endpoint. ``query`` and ``body`` are what the endpoint declares; ``path`` its path parameters."""

    request: web.Request
    access: Access
    path: Mapping[str, str]
    query: Q
    body: B


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to answer: ``content`` is a struct for JSON; bytes for the endpoint's own media type; None for nothing."""

    content: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handle = Callable[[Call[Any, Any]], Awaitable[Answer | web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method of a resource.

    Attributes:
        method: of HTTP.
        path: below the API's root, with parameters in braces; ``{name}`` takes a name with slashes, escaped or not.
        name: the operation's, in camel case; the same for ever.
        summary: a line that says what it does.
        role: who may; None: everybody who reaches the server.
        handle: does it.
        query: a msgspec struct of the query's parameters.
        body: a msgspec struct of the body; None for none; ``bytes`` for a text that the endpoint reads itself.
        body_type: the media type of the body.
        answers: the content by status: a struct's type, or None for an answer without content.
        answer_type: the media type of the answers.
        other_forms: further media types that a 200 comes in for those who accept them, with its content.
        problems: the kinds of problems besides those that every endpoint may answer with.
        headers: request headers that it reads, with their descriptions.
        tag: the group that it is shown in.
    """

    method: str
    path: str
    name: str
    summary: str
    handle: Handle
    tag: str
    role: Role | None = Role.READER
    query: type[msgspec.Struct] = Nothing
    body: Any = None
    body_type: str = JSON
    answers: Mapping[int, Any]
    answer_type: str = JSON
    other_forms: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Kind, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def route(self) -> str:
        """The path as the router reads it."""
        # A code host may be called anything, braces and all; its slashes are escaped.
        return self.path.replace("{name}", "{name:.+}").replace("{host}", "{host:[^/]+}")

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Read the request, do it, and write the answer.

        Raises:
            ProblemError: the request is not what the endpoint takes, or cannot be done.
        """
        call = Call(
            request=request,
            access=request.get(ACCESS, Access()),
            path=request.match_info,
            query=_query(request, self.query),
            body=await self._body(request),
        )
        answer = await self.handle(call)
        return answer if isinstance(answer, web.StreamResponse) else self._response(answer)

    def _response(self, answer: Answer) -> web.Response:
        if answer.content is None:
            return web.Response(status=answer.status, headers=answer.headers)
        content = answer.content if isinstance(answer.content, bytes) else msgspec.json.encode(answer.content)
        return web.Response(
            status=answer.status, body=content, headers={"Content-Type": self.answer_type, **answer.headers}
        )

    async def _body(self, request: web.Request) -> Any:
        if self.body is None:
            return None
        if request.content_type != self.body_type:
            raise ProblemError(
                Kind.UNSUPPORTED_MEDIA_TYPE, f"Send the body as {self.body_type}, not as {request.content_type}."
            )
        content = await _read(request)
        if self.body is bytes:
            return content
        try:
            return msgspec.json.decode(content, type=self.body)
        except msgspec.ValidationError as error:
            what, pointer = _place(str(error))
            raise _invalid("The body is not valid.", Flaw(detail=what, pointer=pointer)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProblemError(Kind.BAD_REQUEST, f"The body is no JSON: {error}.") from None


async def _read(request: web.Request) -> bytes:
    parts, size = [], 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.content.iter_any():
                size += len(part)
                if size > _MAX_BODY:
                    raise ProblemError(Kind.TOO_LARGE, f"A body may have {_MAX_BODY} bytes.")
                parts.append(part)
    except TimeoutError:
        raise ProblemError(Kind.TOO_SLOW, f"A body may take {_BODY_SECONDS:.0f} seconds.") from None
    return b"".join(parts)


def _query(request: web.Request, wanted: type[msgspec.Struct]) -> Any:
    given = request.query
    lists = _lists(wanted)
    if twice := sorted({name for name in given if name not in lists and len(given.getall(name)) > 1}):
        raise _invalid("A parameter is given twice.", Flaw(detail="Give it once.", parameter=twice[0]))
    if odd := sorted(name for name, value in given.items() if "\0" in value):
        # PostgreSQL's texts cannot hold it, so that nothing here is called so.
        raise _invalid("The query is not valid.", Flaw(detail="It has a NUL, and no text may.", parameter=odd[0]))
    try:
        values = {name: given.getall(name) if name in lists else given[name] for name in given}
        return msgspec.convert(values, wanted, strict=False)
    except msgspec.ValidationError as error:
        what, pointer = _place(str(error))
        parameter = (pointer or "").removeprefix("/") or None
        raise _invalid("The query is not valid.", Flaw(detail=what, parameter=parameter)) from None


@cache
def _lists(wanted: type[msgspec.Struct]) -> frozenset[str]:
    """The parameters that may be repeated."""
    described = msgspec.inspect.type_info(wanted)
    fields = described.fields if isinstance(described, msgspec.inspect.StructType) else ()
    return frozenset(one.encode_name for one in fields if isinstance(_bare(one.type), msgspec.inspect.VarTupleType))


def _bare(described: msgspec.inspect.Type) -> msgspec.inspect.Type:
    return described.type if isinstance(described, msgspec.inspect.Metadata) else described


def _invalid(detail: str, flaw: Flaw) -> ProblemError:
    return ProblemError(Kind.INVALID, detail, flaws=(flaw,))


def _place(message: str) -> tuple[str, str]:
    """The sentence, and where it is meant: msgspec's messages end in `` - at `$.a[0].b` ``."""
    what, _, place = message.partition(" - at `$")
    steps = place.removesuffix("`").replace("[", ".").replace("]", "").split(".")[1:]
    return f"{what}.", "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
