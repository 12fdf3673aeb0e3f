"""Problem details: every error that the API answers with, in the form of RFC 9457."""

from dataclasses import dataclass
from enum import Enum

import msgspec

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class _Facts:
    status: int
    title: str


class Kind(Enum):
    """The kinds of problems. The names are in their ``type`` and are the contract; titles may be bettered."""

    BAD_REQUEST = _Facts(400, "The request cannot be understood")
    UNAUTHENTICATED = _Facts(401, "A token is needed")
    FORBIDDEN = _Facts(403, "This is not allowed")
    NOT_FOUND = _Facts(404, "There is nothing of that name")
    METHOD_NOT_ALLOWED = _Facts(405, "The method is not for this resource")
    NOT_ACCEPTABLE = _Facts(406, "The resource has no such form")
    TOO_SLOW = _Facts(408, "The request did not come in time")
    CONFLICT = _Facts(409, "This does not go with the present state")
    CURSOR_UNKNOWN = _Facts(410, "The cursor is of another feed")
    CHANGED = _Facts(412, "Somebody else changed it meanwhile")
    TOO_LARGE = _Facts(413, "The request is too large")
    UNSUPPORTED_MEDIA_TYPE = _Facts(415, "The body is in a form that is not read here")
    MISDIRECTED = _Facts(421, "This server is not called so")
    INVALID = _Facts(422, "The content is not valid")
    PRECONDITION_REQUIRED = _Facts(428, "Say which version is to be changed")
    TOO_MANY = _Facts(429, "Too many requests")
    INTERNAL = _Facts(500, "A defect of codehost")
    UNAVAILABLE = _Facts(503, "Not at this moment")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value.status

    @property
    def title(self) -> str:
        """A sentence without a full stop that is the same for all of the kind."""
        return self.value.title

    @property
    def type(self) -> str:
        """The URI of the kind (RFC 9457, 3.1.1)."""
        return f"urn:codehost:problem:{self.name.lower().replace('_', '-')}"


KIND_OF_STATUS = {kind.status: kind for kind in Kind}


class Flaw(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a request.

    Attributes:
        detail: what is wrong, as a sentence.
        pointer: where in the body, as a JSON pointer (RFC 6901); "" is the whole.
        parameter: the name of the query's or the path's parameter, if it is one.
        line: the line of a document's text, from 1.
        position: the character of a parameter's text, from 0.
        hint: what to write instead.
    """

    detail: str
    pointer: str | None = None
    parameter: str | None = None
    line: int | None = None
    position: int | None = None
    hint: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, for programs and for people.

    Attributes:
        type: the kind of problem, a URI.
        title: the same for all problems of the kind.
        status: the HTTP status.
        detail: what happened and what to do.
        errors: each single thing that is wrong with the request.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Flaw, ...] = ()


class ProblemError(Exception):
    """An answer that is a problem.

    Attributes:
        kind: decides the status.
        detail: a full sentence, or several: what happened and what to do. No secrets.
        flaws: each single thing that is wrong with the request.
        headers: of the answer.
    """

    def __init__(
        self, kind: Kind, detail: str, *, flaws: tuple[Flaw, ...] = (), headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.flaws = flaws
        self.headers = headers or {}

    @property
    def problem(self) -> Problem:
        """What the answer's body says."""
        kind = self.kind
        return Problem(type=kind.type, title=kind.title, status=kind.status, detail=self.detail, errors=self.flaws)

    def __str__(self) -> str:
        return f"{self.kind.title}: {self.detail}"
