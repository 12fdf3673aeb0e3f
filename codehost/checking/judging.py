"""What the answers of the mirrors mean for somebody who has just written them into ``urls``. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.net.origins import origin_of
from codehost.resolve.probe import Probe

UNSURE_ADVICE = "Check the URL: it may be the server's base or its simple root, see docs/mirrors.md."


class Security(StrEnum):
    """How the connection is protected. ``unknown``: no answer came, so nothing was proved."""

    VERIFIED = "verified"
    NOT_VERIFIED = "not-verified"
    NONE = "plain-http"
    UNKNOWN = "unknown"


class Access(StrEnum):
    """What became of the credentials, headers of the mirror's own included.

    ``none``: there are none and none are wanted. ``missing``: there are none, and the mirror wants some. ``unknown``:
    there are some, and the mirror did not get so far as to judge them.
    """

    NONE = "none"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one mirror did: its answer or failure, whether it answered at all, and how fast in the end (seconds)."""

    result: Probe | Failure
    reached: bool
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMirror:
    """One mirror, judged. What is not known is None; ``outcome`` is None for a mirror that was not asked."""

    mirror: Mirror
    security: Security
    access: Access
    outcome: Outcome | None = None
    warnings: tuple[str, ...] = ()

    @property
    def probe(self) -> Probe | None:
        """The mirror's answer, if it gave one that says something."""
        return self.outcome.result if self.outcome and isinstance(self.outcome.result, Probe) else None

    @property
    def failure(self) -> Failure | None:
        """What is wrong with the mirror, if something is."""
        return self.outcome.result if self.outcome and isinstance(self.outcome.result, Failure) else None

    @property
    def unsure(self) -> bool:
        """Whether the mirror answers, and nothing there shows that it is a simple API: any web server answers 404."""
        probe = self.probe
        return probe is not None and not probe.confirmed and probe.api is None and probe.final_origin is None

    @property
    def well(self) -> bool:
        """Whether a sync can use the mirror, or need not."""
        return not self.mirror.enabled or (self.probe is not None and not self.unsure)

    @property
    def advice(self) -> str | None:
        """What to do about a mirror that is not well, one sentence; None where nothing is wrong or nothing is known."""
        if self.failure is not None:
            return self.failure.facts.advice
        return UNSURE_ADVICE if self.unsure else None


def judge(mirrors: Sequence[Mirror], outcomes: Sequence[Outcome | None]) -> tuple[CheckedMirror, ...]:
    """Each mirror with its outcome; None for one that was not asked."""
    checked = [_judge_one(mirror, outcome) for mirror, outcome in zip(mirrors, outcomes, strict=True)]
    return tuple(_compare(mirror, checked[:index]) for index, mirror in enumerate(checked))


def _judge_one(mirror: Mirror, outcome: Outcome | None) -> CheckedMirror:
    return CheckedMirror(
        mirror=mirror,
        security=_security(mirror, outcome),
        access=_access(mirror, outcome),
        outcome=outcome,
        warnings=tuple(_warnings(mirror, outcome)) if mirror.enabled else (),
    )


def _security(mirror: Mirror, outcome: Outcome | None) -> Security:
    if origin_of(mirror.url).scheme == "http":
        return Security.NONE
    if outcome is None or not outcome.reached:
        return Security.UNKNOWN
    return Security.VERIFIED if mirror.tls.verify else Security.NOT_VERIFIED


def _access(mirror: Mirror, outcome: Outcome | None) -> Access:
    given = _has_credentials(mirror)
    if _is_refused(outcome):
        return Access.REFUSED if given else Access.MISSING
    if not given:
        return Access.NONE
    proved = outcome is not None and isinstance(outcome.result, Probe) and outcome.result.confirmed
    return Access.ACCEPTED if proved else Access.UNKNOWN


def _is_refused(outcome: Outcome | None) -> bool:
    if outcome is None or not isinstance(outcome.result, Failure):
        return False
    # Where the mirror was not reached, it was a proxy that refused.
    return outcome.reached and outcome.result.reason is Reason.AUTH


def _warnings(mirror: Mirror, outcome: Outcome | None) -> Iterator[str]:
    plain = origin_of(mirror.url).scheme == "http"
    if plain and _has_credentials(mirror):
        yield "the credentials go over plain http, where anyone on the way can read them: use https"
    if not plain and not mirror.tls.verify:
        yield "verifyTLS is false, so anyone on the way can pose as this mirror: give its authority with caBundle"
    probe = outcome.result if outcome is not None and isinstance(outcome.result, Probe) else None
    if probe is not None and probe.final_origin is not None:
        yield f"{probe.final_origin} answered in its place: that is another server's word"


def _has_credentials(mirror: Mirror) -> bool:
    return mirror.credentials is not None or bool(mirror.headers)


def _compare(checked: CheckedMirror, before: Sequence[CheckedMirror]) -> CheckedMirror:
    """The mirror, with a warning if an earlier one has the same simple API."""
    place = _place(checked)
    for other in before:
        if place is not None and _place(other) == place:
            twice = f"it has the same simple API as {other.mirror.url}: one of the two is enough"
            return replace(checked, warnings=(*checked.warnings, twice))
    return checked


def _place(checked: CheckedMirror) -> tuple[str, str] | None:
    """Origin and path of the simple API, so that two spellings of one place are one."""
    if checked.probe is None or checked.probe.root is None:
        return None
    root = checked.probe.root
    return str(origin_of(root)), urlsplit(root).path.rstrip("/")
