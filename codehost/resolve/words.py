"""What a mirror says of a project at one address, judged without knowing any pin. Pure.

Nomenclature: a *word* is one answer to the request for a project page. Whether it holds for the mirror depends on
whether its root is the mirror's simple root; roots.py decides that.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from http.client import responses

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason, reason_of_status
from codehost.model.ports import NO_VALIDATORS, PageResponse, Validators
from codehost.net.origins import BadAddressError, origin_of, same_origin, shown
from codehost.resolve.project_page import ProjectPage

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Kind(StrEnum):
    """What a word amounts to.

    ``here``: the mirror's own page, with releases. ``elsewhere``: such a page, by redirect to another origin.
    ``missing``: the project is not there. ``refused``: credentials are wanted or were refused. ``unusable``: an
    answer that is no project page.
    """

    HERE = "here"
    ELSEWHERE = "elsewhere"
    MISSING = "missing"
    REFUSED = "refused"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """An answer to the request for a project page below ``root``.

    ``url`` is the final address. With a ``failure`` there is no usable answer; without one, ``page`` is None when the
    ``status`` says that the project is not there. ``tried`` names the roots that were tried when none was confirmed.
    ``validators`` are the page's. ``unchanged``: the page is as it was when the validators that were sent were its own.
    """

    root: str
    url: str
    status: int
    page: ProjectPage | None = None
    failure: Failure | None = None
    tried: tuple[str, ...] = ()
    validators: Validators = NO_VALIDATORS
    unchanged: bool = False

    @property
    def kind(self) -> Kind:
        """What this word amounts to."""
        if self.failure is not None:
            return Kind.REFUSED if self.failure.reason is Reason.AUTH else Kind.UNUSABLE
        # PEP 792: a quarantined project has no files to show, and yet the page speaks of it.
        if not self.unchanged and (self.page is None or (self.page.empty and not self.page.quarantined)):
            return Kind.MISSING
        return Kind.HERE if _is_own(self.url, self.root) else Kind.ELSEWHERE


def address_of(root: str, project: str) -> str:
    """Where the project page is asked for."""
    # PEP 503: the address of a project page ends in a slash.
    return f"{root}/{project}/"


def failure_of(response: PageResponse, mirror: Mirror) -> Failure | None:
    """What a status other than 200 means on this mirror; None when it says that the project is not there."""
    status = response.status
    if status in _GONE or status in mirror.ignore_status_codes:
        return None
    reason = reason_of_status(status)
    what = f"{shown(response.url)} answered {status} {responses.get(status, '')}".rstrip()
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        what = f"{what}: {_refusal(response, mirror)}"
    return Failure(reason, what, mirror=mirror.url, retry_after=response.retry_after)


def elsewhere(url: str, mirror: Mirror) -> str:
    """The origin that a request was redirected to, or nothing when it stayed on the mirror's own."""
    if same_origin(url, mirror.url):
        return ""
    try:
        return str(origin_of(url))
    except BadAddressError:
        return ""


def roots_tried(roots: tuple[str, ...]) -> str:
    """The clause that names the roots at which no simple API was found."""
    addresses = [f"{root}/" for root in roots]
    listed = " and ".join(filter(None, (", ".join(addresses[:-1]), addresses[-1])))
    return f"no simple API found at {listed}"


def explained(failure: Failure, tried: tuple[str, ...]) -> Failure:
    """A failure with the roots that were tried, where they may be what is wrong."""
    if not tried or failure.reason is Reason.AUTH:
        return failure
    what = f"{failure.what}; {roots_tried(tried)}"
    return Failure(failure.reason, what, mirror=failure.mirror, retry_after=failure.retry_after)


def _is_own(url: str, root: str) -> bool:
    """Whether an answer is the mirror's own: from its origin, or from the same host with TLS instead of without."""
    if same_origin(url, root):
        return True
    try:
        given, asked = origin_of(url), origin_of(root)
    except BadAddressError:
        return False
    ports = (asked.port, given.port)
    return (asked.scheme, given.scheme) == ("http", "https") and asked.host == given.host and ports == (80, 443)


def _refusal(response: PageResponse, mirror: Mirror) -> str:
    if elsewhere(response.url, mirror):
        return "the request was redirected there, and the mirror's credentials stay on its own origin"
    if mirror.credentials is None and not mirror.headers:
        said = "the mirror wants credentials and urls gives none"
    else:
        said = "the credentials that urls gives were refused"
    # Object stores behind a mirror say 403 where a file is missing and they do not list their files.
    maybe = ", or it says 403 for what it lacks (if so, add 403 to its ignoreStatusCodes)"
    return said + maybe if response.status == HTTPStatus.FORBIDDEN else said
