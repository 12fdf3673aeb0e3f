"""``/api/v1/code-hosts``: the code hosts in the database, as ``codehost hosts`` has them.

``ETag`` is the digest of a code host's document, and ``If-Match`` compares with it: what else a code host shows, such
as its numbers of releases, changes all the time and is nobody's edit. So nothing here is answered with 304.
"""

from typing import Annotated, Any, Protocol
from urllib.parse import quote

import msgspec
from aiohttp import web

from codehost.model.access import Role
from codehost.model.codehosts import MAX_NAME, is_name
from codehost.model.jobs import JobState
from codehost.model.records import RecordedCodeHost
from codehost.record.hosts import DocumentChangedError
from codehost.serve.access.middlewares import ORIGIN
from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.api.matching import ANY, BadTagsError, entity_tag, is_meant
from codehost.serve.api.mistakes import refused
from codehost.serve.api.times import moment, moment_if_any
from codehost.serve.ports import CountedHost, Hosting
from codehost.serve.problems import Kind, ProblemError

# What both databases keep as a number.
_LEAST, _MOST = -(2**31), 2**31 - 1

_TAG = "code hosts"
_PATH = "/code-hosts/{host}"
_IF_MATCH = "If-Match"
_MUST_MATCH = {_IF_MATCH: "The ETag of the code host as you have seen it, or *. Without it: 428."}
_MUST_MATCH_PROBLEMS = (Kind.NOT_FOUND, Kind.CHANGED, Kind.PRECONDITION_REQUIRED)
_MAY_MATCH_PROBLEMS = (Kind.NOT_FOUND, Kind.CHANGED)
_MAY_MATCH = {_IF_MATCH: "The ETag of the code host as you have seen it. With another document now: 412."}

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Document = Annotated[
    str,
    msgspec.Meta(
        description="The configuration document: JSON with comments, as the schema of python-packages describes it."
    ),
]
_Priority = Annotated[int, msgspec.Meta(ge=_LEAST, le=_MOST, description="The smaller number goes first.")]


class _Act(Protocol):
    """Something that is asked of a code host."""

    async def __call__(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost: ...


class NewCodeHost(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A code host that is to be made."""

    name: Name
    document: Document
    priority: _Priority = 100


class NewDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Another document. REDACTED in it stands for the stored secret of the same URL."""

    document: Document


class NewPriority(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Another priority."""

    priority: _Priority


class ReleaseCounts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Wanted releases by the state of their job, and the retired ones."""

    queued: int
    processing: int
    completed: int
    errored: int
    failed: int
    cancelled: int
    retired: int


class CodeHost(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A code host.

    Attributes:
        name: its name.
        source: who keeps the document: ``hosts``, ``sync``, or ``file:`` and a path.
        priority: the smaller number goes first.
        paused: whether its jobs wait.
        problem: why the document is not followed, as a sentence.
        document_sha256: of the document as it is.
        applied_sha256: of the document that was planned last.
        created_at: when it was added.
        updated_at: when its document was changed last.
        applied_at: when it was planned last.
        sync_requested_at: when somebody asked for a sync last.
        removed_at: when it was removed; its repositories are being taken away.
        removal_confirmed: whether the document as it is may retire as many releases as it does.
        releases: how many there are.
    """

    name: str
    source: str
    priority: int
    paused: bool
    problem: str | None
    document_sha256: str
    applied_sha256: str | None
    created_at: str
    updated_at: str
    applied_at: str | None
    sync_requested_at: str | None
    removed_at: str | None
    removal_confirmed: bool
    releases: ReleaseCounts


class CodeHostWithDocument(CodeHost, frozen=True, kw_only=True, rename="camel"):
    """A code host with its document: as it is stored, with REDACTED in place of each of its secrets."""

    document: str


class CodeHosts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All code hosts, the one with the smallest priority first."""

    items: tuple[CodeHost, ...]


class Hosts:
    """Keeping code hosts. ``hosting`` does it."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting

    def endpoints(self) -> list[Endpoint]:
        """Everything that ``codehost hosts`` does."""
        return [
            _endpoint(
                "GET",
                "/code-hosts",
                "listCodeHosts",
                "All code hosts, without their documents",
                self.list,
                role=Role.READER,
                answers={200: CodeHosts},
            ),
            _endpoint(
                "POST",
                "/code-hosts",
                "addCodeHost",
                "Add a code host; workers follow its document",
                self.add,
                body=NewCodeHost,
                answers={201: CodeHostWithDocument},
                problems=(Kind.CONFLICT,),
            ),
            _endpoint(
                "GET", _PATH, "getCodeHost", "A code host with its document", self.show, problems=(Kind.NOT_FOUND,)
            ),
            _endpoint(
                "PUT",
                _PATH,
                "replaceDocument",
                "Give a code host another document",
                self.edit,
                body=NewDocument,
                headers=_MUST_MATCH,
                problems=(Kind.CONFLICT, *_MUST_MATCH_PROBLEMS),
            ),
            _endpoint(
                "PATCH",
                _PATH,
                "setPriority",
                "Give a code host another priority",
                self.set_priority,
                body=NewPriority,
                headers=_MAY_MATCH,
                problems=_MAY_MATCH_PROBLEMS,
            ),
            _endpoint(
                "DELETE",
                _PATH,
                "removeCodeHost",
                "Retire all releases of a code host and forget its secrets; workers take its repositories away later",
                self.remove,
                answers={204: None},
                headers=_MAY_MATCH,
                problems=(Kind.CONFLICT, *_MAY_MATCH_PROBLEMS),
            ),
            self._action(
                "pause", "pauseCodeHost", "Let its jobs wait; what is in hand is finished", self._hosting.pause
            ),
            self._action("resume", "resumeCodeHost", "Let its jobs go on", self._hosting.resume),
            self._action(
                "sync",
                "syncCodeHost",
                "Ask the workers to plan it now, and to try again what failed",
                self._hosting.request_sync,
            ),
            self._action(
                "confirm",
                "confirmRemovals",
                "Let its document as it is now retire many releases at once",
                self._hosting.confirm_removal,
                must_match=True,
            ),
        ]

    async def list(self, _call: Call[Nothing, None]) -> Answer:
        """All code hosts."""
        return Answer(content=CodeHosts(items=tuple(CodeHost(**_fields(one)) for one in await self._hosting.all())))

    async def add(self, call: Call[Nothing, NewCodeHost]) -> Answer:
        """Make one."""
        wanted = call.body
        saved = await self._hosting.add(wanted.name, wanted.document, priority=wanted.priority)
        if saved.violations:
            raise refused(saved.violations)
        where = f"{call.request[ORIGIN].root}/api/v1/code-hosts/{quote(wanted.name, safe='')}"
        return await self._answer(wanted.name, status=201, headers={"Location": where})

    async def show(self, call: Call[Nothing, None]) -> Answer:
        """One of them."""
        return await self._answer(host_in(call))

    async def edit(self, call: Call[Nothing, NewDocument]) -> Answer:
        """Another document."""
        name = host_in(call)
        _check_match_is_given(call.request)
        expected = await self._expected(name, call.request)
        saved = await self._hosting.edit(name, call.body.document, expected_sha256=expected)
        if saved.violations:
            raise refused(saved.violations)
        return await self._answer(name)

    async def set_priority(self, call: Call[Nothing, NewPriority]) -> Answer:
        """Another priority."""
        name = host_in(call)
        expected = await self._expected(name, call.request)
        await self._hosting.set_priority(name, call.body.priority, expected_sha256=expected)
        return await self._answer(name)

    async def remove(self, call: Call[Nothing, None]) -> Answer:
        """Remove it."""
        name = host_in(call)
        await self._hosting.remove(name, expected_sha256=await self._expected(name, call.request))
        return Answer(status=204)

    def _action(self, action: str, name: str, summary: str, act: _Act, *, must_match: bool = False) -> Endpoint:
        async def handle(call: Call[Nothing, None]) -> Answer:
            host = host_in(call)
            if must_match:
                _check_match_is_given(call.request)
            await act(host, expected_sha256=await self._expected(host, call.request))
            return await self._answer(host)

        headers = _MUST_MATCH if must_match else _MAY_MATCH
        problems = _MUST_MATCH_PROBLEMS if must_match else _MAY_MATCH_PROBLEMS
        return _endpoint("POST", f"{_PATH}/{action}", name, summary, handle, headers=headers, problems=problems)

    async def _expected(self, name: str, request: web.Request) -> str | None:
        """The digest of the document that is to be changed; None for whatever is there.

        Several may be meant. Which of them it is now is told here; that it still is, whoever changes it sees to.
        """
        tags = request.headers.getall(_IF_MATCH, [])
        if not tags or tags == [ANY]:
            return None
        digest = (await self._hosting.show(name)).host.document_sha256
        try:
            meant = is_meant(tags, digest)
        except BadTagsError as error:
            raise ProblemError(Kind.BAD_REQUEST, f"{_IF_MATCH} is no list of entity tags. {error}") from None
        if not meant:
            raise DocumentChangedError(name)
        return digest

    async def _answer(self, name: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
        found = await self._hosting.show(name)
        content = CodeHostWithDocument(**_fields(found), document=found.host.document)
        return Answer(
            content=content,
            status=status,
            headers={"ETag": entity_tag(found.host.document_sha256), **(headers or {})},
        )


def host_in(call: Call[Any, Any]) -> str:
    """The code host's name in the path.

    Raises:
        ProblemError: no code host can have that name.
    """
    name = call.path["host"]
    check_name(name)
    return name


def check_name(name: str) -> None:
    """Let nobody ask the database for what it cannot hold.

    Raises:
        ProblemError: no code host can have that name.
    """
    if not is_name(name):
        raise ProblemError(Kind.NOT_FOUND, "No code host can have that name: GET /api/v1/code-hosts lists them.")


def _check_match_is_given(request: web.Request) -> None:
    # RFC 6585, section 3
    if _IF_MATCH not in request.headers:
        raise ProblemError(
            Kind.PRECONDITION_REQUIRED,
            "Send If-Match with the ETag of the code host as you have seen it, so that this is done to that document"
            " and to no later one; * takes whatever is there.",
        )


def _endpoint(method: str, path: str, name: str, summary: str, handle: Any, **more: Any) -> Endpoint:
    usual = {"tag": _TAG, "role": Role.ADMIN, "answers": {200: CodeHostWithDocument}}
    return Endpoint(method=method, path=path, name=name, summary=summary, handle=handle, **{**usual, **more})


def _fields(found: CountedHost) -> dict[str, Any]:
    host = found.host
    return {
        "name": host.name,
        "source": host.source,
        "priority": host.priority,
        "paused": host.paused,
        "problem": host.problem,
        "document_sha256": host.document_sha256,
        "applied_sha256": host.applied_sha256,
        "created_at": moment(host.created_at),
        "updated_at": moment(host.updated_at),
        "applied_at": moment_if_any(host.applied_at),
        "sync_requested_at": moment_if_any(host.sync_requested_at),
        "removed_at": moment_if_any(host.removed_at),
        "removal_confirmed": host.removal_confirmed_sha256 == host.document_sha256,
        "releases": ReleaseCounts(
            **{state.value: found.counts.get(state, 0) for state in JobState}, retired=found.retired
        ),
    }
