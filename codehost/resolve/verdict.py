"""What the mirrors' words mean for a pin: which one has it, when to stop asking, and how to say so. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from codehost.model.codehosts import IndexStrategy, Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.pins import Pin
from codehost.model.releases import Answer, DistributionFile
from codehost.resolve.choose import choose_file
from codehost.resolve.project_page import ProjectPage
from codehost.resolve.words import Kind, Word, elsewhere, roots_tried

# PEP 792: states of a project that whoever reads its source wants to know of.
_TOLD = frozenset({"archived", "deprecated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one mirror's word means for a pin: a file and why, or the reason that it has none.

    ``knows``: the mirror itself, not one that it redirected to, speaks of the project.
    """

    said: str
    knows: bool
    chosen: tuple[DistributionFile, str] | None = None
    lacking: Reason = Reason.NOT_FOUND


def judge(word: Word, pin: Pin, mirror: Mirror) -> Verdict:
    """The verdict on a word without a failure.

    Raises:
        Failure: NO_USABLE_FILE when the project is quarantined.
    """
    page = word.page
    origin = elsewhere(word.url, mirror)
    by_redirect = f", by redirect to {origin}" if origin else ""
    knows = word.kind is Kind.HERE
    if page is None or word.kind is Kind.MISSING:
        said = f"{word.status} for the project" if page is None else "a page without files"
        tried = f"; {roots_tried(word.tried)}" if word.tried else ""
        return Verdict(said=f"{said}{by_redirect}{tried}", knows=False)
    if page.quarantined:
        # PEP 792: a quarantined project must not be offered, and no other mirror's copy of it either.
        raise Failure(Reason.NO_USABLE_FILE, f"{pin.project} is quarantined there", mirror=mirror.url)
    behind = f"{by_redirect}{_told(page)}"
    chosen = choose_file(page.files.get(pin.release.version, ()))
    if chosen is not None:
        return Verdict(said=f"has {chosen[0].filename}{behind}", knows=knows, chosen=chosen)
    if pin.release.version in page.other_versions:
        said = f"has {pin.version} without an sdist, wheel or egg{behind}"
        return Verdict(said=said, knows=knows, lacking=Reason.NO_USABLE_FILE)
    left_out = f" ({page.left_out} unreadable entries left out)" if page.left_out else ""
    said = f"does not list {pin.version}{left_out}{behind}"
    return Verdict(said=said, knows=knows, lacking=Reason.VERSION_NOT_FOUND)


def won(strategy: IndexStrategy, before: int, after: int) -> str:
    """Why the mirror that has the release won: ``before`` and ``after`` count the other mirrors that are enabled."""
    if not before and not after:
        return "the only mirror"
    if strategy is IndexStrategy.FIRST_INDEX:
        return "the first mirror that knows the project"
    return "the first mirror with the release" if before else "the first mirror asked"


def decided(pin: Pin, asked: Sequence[Answer], reason: Reason) -> Failure:
    """The failure when the first mirror that knows the project lacks the release, and no other may be asked."""
    last = asked[-1]
    what = (
        f"indexStrategy is first-index, and {last.mirror} is the first mirror that knows {pin.project}: "
        f"the search for {pin} ended there ({_said(asked)})"
    )
    return Failure(reason, what, mirror=last.mirror)


def nowhere(pin: Pin, asked: Sequence[Answer], lacking: Sequence[Reason]) -> Failure:
    """The failure when every mirror was asked in vain: the one that came closest gives the reason."""
    order = (Reason.NO_USABLE_FILE, Reason.VERSION_NOT_FOUND, Reason.NOT_FOUND)
    reason = next(reason for reason in order if reason in lacking)
    what = f"no mirror has {pin} ({_said(asked)})"
    return Failure(reason, what, mirror=asked[0].mirror if len(asked) == 1 else None)


def nobody_to_ask(pin: Pin, mirrors: Sequence[Mirror]) -> Failure:
    """The failure when there is no mirror, or none is enabled."""
    why = "every mirror in urls is disabled" if mirrors else "urls is empty"
    return Failure(Reason.NOT_FOUND, f"no mirror to ask for {pin}: {why}")


def _told(page: ProjectPage) -> str:
    return f", the project is {page.status}" if page.status in _TOLD else ""


def _said(asked: Sequence[Answer]) -> str:
    return "; ".join(f"{answer.mirror}: {answer.said}" for answer in asked)
