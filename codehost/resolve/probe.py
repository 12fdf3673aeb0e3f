"""One look at a mirror: is its simple API there, and does it answer? The heart of ``codehost check``."""

from dataclasses import dataclass
from http import HTTPStatus

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import PageResponse
from codehost.net.origins import shown
from codehost.resolve.listing import lists_projects
from codehost.resolve.mirror_pages import MirrorPages
from codehost.resolve.roots import How, candidates
from codehost.resolve.words import Kind, Word, elsewhere, failure_of, roots_tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a look at a mirror found.

    ``root`` and ``how`` are None when no simple API was found. ``api`` is ``JSON`` or ``HTML``, None when no page was
    seen. ``said`` is a clause. ``final_origin`` is the other origin that the page came from, if it did.
    ``confirmed``: a page or listing of the mirror's own proves the root.
    """

    root: str | None
    how: How | None
    api: str | None
    said: str
    final_origin: str | None = None
    confirmed: bool


async def probe(pages: MirrorPages, mirror: Mirror, project: str | None) -> Probe:
    """Ask a mirror for a project's page (normalised name), and for its listing when there is none to be had.

    Raises:
        Failure: the mirror does not answer, refuses, or answers something else.
    """
    word = None if project is None else await pages.ask(mirror, project)
    located = await pages.locate(mirror)
    if word is not None and word.page is not None and word.kind is not Kind.MISSING:
        return _by_page(word, located, mirror, project or "")
    said = _missing(word, project)
    if located is None:
        said = f"{said}{roots_tried(candidates(mirror.url))}"
        return Probe(root=None, how=None, api=None, said=said, confirmed=False)
    root, how = located
    listing = await pages.listing(mirror, root)
    if lists_projects(listing, base=root == mirror.url) and not elsewhere(listing.url, mirror):
        return Probe(root=root, how=how, api=_api(listing.body), said=f"{said}lists its projects", confirmed=True)
    _insist(listing, mirror, answered=word is not None)
    origin = elsewhere(listing.url, mirror)
    by_redirect = f", by redirect to {origin}" if origin else ""
    said = f"{said}no list of projects at {root}/ (it answered {listing.status}{by_redirect})"
    return Probe(root=root, how=how, api=None, said=said, final_origin=origin or None, confirmed=False)


def _by_page(word: Word, located: tuple[str, How] | None, mirror: Mirror, project: str) -> Probe:
    page, origin = word.page, elsewhere(word.url, mirror)
    root, how = located or (None, None)
    count = len(page.files) if page is not None else 0
    said = f"has {project} in {count} version{'' if count == 1 else 's'}"
    if page is not None and page.quarantined:
        said = f"{project} is quarantined there"
    return Probe(
        root=root,
        how=how,
        api=None if page is None else page.format,
        said=f"{said}, by redirect to {origin}" if origin else said,
        final_origin=origin or None,
        confirmed=word.kind is Kind.HERE,
    )


def _missing(word: Word | None, project: str | None) -> str:
    if word is None:
        return ""
    return f"{word.status} for {project}; " if word.page is None else f"a page without files for {project}; "


def _api(body: bytes) -> str:
    return "JSON" if body.lstrip()[:1] == b"{" else "HTML"


def _insist(listing: PageResponse, mirror: Mirror, *, answered: bool) -> None:
    """Raise for a listing that shows the mirror to be unwell.

    Not every mirror serves one: where it has answered for a project, only a demand for credentials counts.
    """
    failure = None if listing.status == HTTPStatus.OK else failure_of(listing, mirror)
    if answered and listing.status != HTTPStatus.UNAUTHORIZED:
        return
    if failure is not None:
        raise failure
    if listing.status == HTTPStatus.OK:
        raise Failure(Reason.BAD_PAGE, f"{shown(listing.url)} is no list of projects", mirror=mirror.url)
