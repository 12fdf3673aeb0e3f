"""Failures: one reason class each, whether trying again can help, and who can act.

A retry never reads a message: everything that decides is a field or in the table below.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a release could not be synced. The values appear in the database, summaries and metrics."""

    NOT_FOUND = "not-found"
    VERSION_NOT_FOUND = "version-not-found"
    NO_USABLE_FILE = "no-usable-file"
    AUTH = "auth"
    THROTTLED = "throttled"
    NETWORK = "network"
    SERVER_ERROR = "server-error"
    BAD_PAGE = "bad-page"
    FILE_NOT_FOUND = "file-not-found"
    HASH_MISMATCH = "hash-mismatch"
    DIGEST_CHANGED = "digest-changed"
    UNSUPPORTED_FORMAT = "unsupported-format"
    UNSAFE_ARCHIVE = "unsafe-archive"
    TOO_LARGE = "too-large"
    BLOCKED = "blocked"
    STORAGE = "storage"
    CRASHED = "crashed"
    INTERNAL = "internal"


class Who(StrEnum):
    """Who can act on a failure."""

    SITE_ADMIN = "site admin"
    MIRROR = "mirror's operator"
    OPERATOR = "codehost's operator"
    PUBLISHER = "release's publisher"
    DEVELOPER = "codehost's developers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonFacts:
    """What is known of a reason: can time alone heal it, who can act, and what to do (one sentence)."""

    transient: bool
    who: Who
    advice: str


FACTS: dict[Reason, ReasonFacts] = {
    Reason.NOT_FOUND: ReasonFacts(
        transient=True,
        who=Who.SITE_ADMIN,
        advice="Check the project's name and the mirrors' URLs (codehost check tells whether a simple API is there), "
        "or add the mirror that has it to urls.",
    ),
    Reason.VERSION_NOT_FOUND: ReasonFacts(
        transient=True,
        who=Who.SITE_ADMIN,
        advice="Check the version, or add the mirror that has it to urls.",
    ),
    Reason.NO_USABLE_FILE: ReasonFacts(
        transient=True,
        who=Who.SITE_ADMIN,
        advice="The release offers no sdist or wheel that can be read; pin another version.",
    ),
    Reason.AUTH: ReasonFacts(
        transient=True,
        who=Who.SITE_ADMIN,
        advice="Check the credentials that the configuration gives for this mirror or its proxy, and what they may "
        "read.",
    ),
    Reason.THROTTLED: ReasonFacts(
        transient=True,
        who=Who.SITE_ADMIN,
        advice="The mirror asks for fewer requests: lower rateLimit.requestsPerHour or wait.",
    ),
    Reason.NETWORK: ReasonFacts(
        transient=True,
        who=Who.SITE_ADMIN,
        advice="See the message; check that this machine reaches the mirror (name, port, proxy, certificate).",
    ),
    Reason.SERVER_ERROR: ReasonFacts(
        transient=True,
        who=Who.MIRROR,
        advice="The mirror failed; try later or ask its operator.",
    ),
    Reason.BAD_PAGE: ReasonFacts(
        transient=True,
        who=Who.SITE_ADMIN,
        advice="The answer is no project page: check that the URL is the mirror's simple API.",
    ),
    Reason.FILE_NOT_FOUND: ReasonFacts(
        transient=True,
        who=Who.MIRROR,
        advice="The page lists a file that the mirror does not serve; ask its operator or list another mirror first.",
    ),
    Reason.HASH_MISMATCH: ReasonFacts(
        transient=True,
        who=Who.MIRROR,
        advice="The bytes are not what the page promises; a proxy may hold a damaged copy: purge it.",
    ),
    Reason.DIGEST_CHANGED: ReasonFacts(
        transient=False,
        who=Who.SITE_ADMIN,
        advice="The file differs from the one recorded earlier: find out why before you trust it; it was not taken.",
    ),
    Reason.UNSUPPORTED_FORMAT: ReasonFacts(
        transient=False,
        who=Who.PUBLISHER,
        advice="The file is in no archive format that can be read; pin another version.",
    ),
    Reason.UNSAFE_ARCHIVE: ReasonFacts(
        transient=False,
        who=Who.PUBLISHER,
        advice="The archive is damaged or ambiguous and is refused; pin another version.",
    ),
    Reason.TOO_LARGE: ReasonFacts(
        transient=False,
        who=Who.SITE_ADMIN,
        advice="Raise the limit in limits, or leave the release out.",
    ),
    Reason.BLOCKED: ReasonFacts(
        transient=False,
        who=Who.SITE_ADMIN,
        advice="See the message; if the address is not public and the mirror's files are really there, add its host to "
        "the mirror's allowedHosts.",
    ),
    Reason.STORAGE: ReasonFacts(
        transient=True,
        who=Who.OPERATOR,
        advice="Free space or mend the disk of the data directory.",
    ),
    Reason.CRASHED: ReasonFacts(
        transient=False,
        who=Who.DEVELOPER,
        advice="The child process that read the archive died or stood still; report the file.",
    ),
    Reason.INTERNAL: ReasonFacts(
        transient=True,
        who=Who.DEVELOPER,
        advice="This is a defect of codehost; report it with the log.",
    ),
}

_AUTH = frozenset({401, 403, 407})
_GONE = frozenset({404, 410})
_TOO_MANY = 429
_FIRST_SERVER_ERROR = 500


class Failure(Exception):  # noqa: N818 - the glossary's word; it is what a job records
    """A stage could not do its work for one release.

    Attributes:
        reason: the class that decides what happens next.
        what: one clause that says what happened, without secrets and without a full stop.
        mirror: the mirror's URL without credentials, when one was involved.
        retry_after: seconds that the server asked to wait, when it did.
        unasked: nobody was asked, because the mirror is left alone for ``retry_after`` seconds after other failures;
            so the failure says nothing of the release, and is no try of it.
    """

    def __init__(
        self,
        reason: Reason,
        what: str,
        *,
        mirror: str | None = None,
        retry_after: float | None = None,
        unasked: bool = False,
    ) -> None:
        super().__init__(reason, what)
        self.reason = reason
        self.what = what
        self.mirror = mirror
        self.retry_after = retry_after
        self.unasked = unasked

    @property
    def facts(self) -> ReasonFacts:
        """The facts of the reason: transient or not, who can act, what to do."""
        return FACTS[self.reason]

    def at(self, mirror: str) -> "Failure":
        """The same failure, with its mirror known."""
        return Failure(
            self.reason,
            self.what,
            mirror=self.mirror or mirror,
            retry_after=self.retry_after,
            unasked=self.unasked,
        )

    def __str__(self) -> str:
        # Most clauses name an address of the mirror already.
        return f"{self.what} (mirror {self.mirror})" if self.mirror and self.mirror not in self.what else self.what


def reason_of_status(status: int) -> Reason:
    """The reason class of an HTTP status that is not a success (RFC 9110, section 15)."""
    if status in _AUTH:
        return Reason.AUTH
    if status in _GONE:
        return Reason.NOT_FOUND
    if status == _TOO_MANY:
        return Reason.THROTTLED
    if status >= _FIRST_SERVER_ERROR:
        return Reason.SERVER_ERROR
    return Reason.BAD_PAGE


class UserError(Exception):
    """The program cannot start or go on: a full sentence that says what happened and what to do."""


class DatabaseUnavailableError(UserError):
    """The database cannot be used at this moment. Whoever can wait tries again later."""
