"""``/api/v1/validate``, ``preview`` and ``check``: what a document would do, before anybody follows it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec

from codehost.config.loading import load
from codehost.model.access import Role
from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.api.gone import unless_gone
from codehost.serve.api.hosts import Document, Name, host_in
from codehost.serve.api.mistakes import MOST_SHOWN, refused, sentence
from codehost.serve.api.places import Places
from codehost.serve.api.previews import CheckReport, Preview
from codehost.serve.api.status import shaped
from codehost.serve.ports import Consulting, Told
from codehost.serve.problems import Kind, ProblemError

# Whoever asks waits for the answer, and mirrors may take as long as they like.
ASKING_SECONDS = 120.0
_AGAIN_LATER = {"Retry-After": "60"}
_AT_ONCE = 2
_MOST_PINS = 10_000
_TAG = "documents"

_Ask = Annotated[
    bool, msgspec.Meta(description="Ask the mirrors for the file of each pin; counts against the hourly budget.")
]
_Limit = Annotated[
    int, msgspec.Meta(ge=0, le=_MOST_PINS, description="So many pins, and names in each of the lists, are answered.")
]
_Edited = Annotated[
    str | None,
    msgspec.Meta(description="An edited form of the stored document; null or nothing: the document as it is stored."),
]


class Written(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A document."""

    document: Document


class NewPreview(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A preview of a document under a code host's name."""

    name: Name
    document: Document
    ask: _Ask = False
    limit: _Limit = 1_000


class HostPreview(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A preview for a code host that there is."""

    document: _Edited = None
    ask: _Ask = False
    limit: _Limit = 1_000


class NewCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A check of a document under a code host's name, whose budget it counts against."""

    name: Name
    document: Document


class HostCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A check for a code host that there is."""

    document: _Edited = None


class Mistake(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that is wrong with a document.

    Attributes:
        pointer: where in the document, as a JSON pointer (RFC 6901); "" is the whole.
        line: in the document's text, from 1.
        column: in characters, from 1.
        detail: what is wrong, as a sentence.
        hint: what to write instead.
    """

    pointer: str
    line: int
    column: int
    detail: str
    hint: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether a document can be followed. ``mistakes`` counts them; ``violations`` has the first thousand.

    ``pins`` and ``mirrors`` are numbers; null if there are violations.
    """

    valid: bool
    pins: int | None
    mirrors: int | None
    mistakes: int
    violations: tuple[Mistake, ...]


class Documents:
    """Looking at documents. ``consulting`` knows the record and the mirrors."""

    def __init__(self, consulting: Consulting, *, asking_seconds: float = ASKING_SECONDS) -> None:
        self._consulting = consulting
        self._seconds = asking_seconds
        # A document of a hundred thousand pins takes a second of one processor.
        self._validating = Places(_AT_ONCE, "validate documents")
        self._asking = Places(_AT_ONCE, "preview or check documents")

    def endpoints(self) -> list[Endpoint]:
        """What ``codehost validate``, ``plan`` and ``check`` do."""
        validate = Endpoint(
            method="POST",
            path="/validate",
            name="validateDocument",
            summary="Every mistake of a document itself, with its place and a hint; what it refers to is not looked up",
            tag=_TAG,
            role=Role.ADMIN,
            handle=self.validate,
            body=Written,
            answers={200: Verdict},
        )
        return [
            validate,
            _post("/preview", "previewDocument", "What following a document would do", self.preview, NewPreview),
            _post(
                "/code-hosts/{host}/preview",
                "previewCodeHost",
                "What following a code host's document would do, as it is stored or edited",
                self.preview_host,
                HostPreview,
            ),
            _post("/check", "checkDocument", "Ask each mirror of a document for a page", self.check, NewCheck),
            _post(
                "/code-hosts/{host}/check",
                "checkCodeHost",
                "Ask each mirror of a code host's document for a page, as it is stored or edited",
                self.check_host,
                HostCheck,
            ),
        ]

    async def validate(self, call: Call[Nothing, Written]) -> Answer:
        """The mistakes of a document."""
        with self._validating.taken():
            loaded = await asyncio.to_thread(load, call.body.document.encode("utf-8", "surrogatepass"))
        config, violations = loaded.config, loaded.violations
        verdict = Verdict(
            valid=config is not None,
            pins=None if config is None else len(config.pins),
            mirrors=None if config is None else len(config.mirrors),
            mistakes=len(violations),
            violations=tuple(
                Mistake(pointer=one.pointer, line=one.line, column=one.column, detail=sentence(one), hint=one.hint)
                for one in violations[:MOST_SHOWN]
            ),
        )
        return Answer(content=verdict)

    async def preview(self, call: Call[Nothing, NewPreview]) -> Answer:
        """What a new document would do."""
        body = call.body
        return await unless_gone(call.request, self._preview(body.name, body.document, body, stored=False))

    async def preview_host(self, call: Call[Nothing, HostPreview]) -> Answer:
        """What a code host's document does, or would do when it is edited."""
        body = call.body
        return await unless_gone(call.request, self._preview(host_in(call), body.document, body, stored=True))

    async def check(self, call: Call[Nothing, NewCheck]) -> Answer:
        """How the mirrors of a new document are."""
        return await unless_gone(call.request, self._check(call.body.name, call.body.document, stored=False))

    async def check_host(self, call: Call[Nothing, HostCheck]) -> Answer:
        """How the mirrors of a code host are."""
        return await unless_gone(call.request, self._check(host_in(call), call.body.document, stored=True))

    async def _preview(
        self, name: str, document: str | None, body: NewPreview | HostPreview, *, stored: bool
    ) -> Answer:
        async with self._in_time():
            told = await self._consulting.preview(name, document, stored=stored, ask=body.ask, most=body.limit)
        return Answer(content=shaped(_content(told), Preview))

    async def _check(self, name: str, document: str | None, *, stored: bool) -> Answer:
        async with self._in_time():
            told = await self._consulting.check(name, document, stored=stored)
        return Answer(content=shaped(_content(told), CheckReport))

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        with self._asking.taken():
            try:
                async with asyncio.timeout(self._seconds):
                    yield
            except TimeoutError:
                raise ProblemError(
                    Kind.UNAVAILABLE,
                    f"There was no answer within {self._seconds:g} seconds: the mirrors are slow, or the hourly budget"
                    " is spent. codehost plan and codehost check wait for as long as it takes.",
                    headers=_AGAIN_LATER,
                ) from None


def _content(told: Told) -> Mapping[str, Any]:
    if told.violations:
        raise refused(told.violations)
    return told.content


def _post(path: str, name: str, summary: str, handle: Any, body: Any) -> Endpoint:
    of_host = "{host}" in path
    return Endpoint(
        method="POST",
        path=path,
        name=name,
        summary=summary,
        tag=_TAG,
        role=Role.ADMIN,
        handle=handle,
        body=body,
        answers={200: Preview if "preview" in path else CheckReport},
        problems=(Kind.NOT_FOUND,) if of_host else (),
    )
