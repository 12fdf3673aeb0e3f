"""The resolver: asks the mirrors for a pin, in order.

Only a clear "not here" goes on to the next mirror. An error stops: falling through on errors would let a public
package stand in for a private one.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason, reason_of_status
from codehost.model.pins import Pin
from codehost.model.ports import Fetcher, PageResponse
from codehost.model.releases import Answer, DistributionFile, Resolution
from codehost.net.origins import BadAddressError, origin_of, same_origin, shown
from codehost.resolve.choose import choose_file
from codehost.resolve.pages import parse_page
from codehost.resolve.project_page import ProjectPage
from codehost.resolve.single_flight import SingleFlight

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_LARGE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """A mirror's word on a project: its page, or None and the status that says it has none."""

    url: str
    status: int
    page: ProjectPage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What one mirror's word means for a pin: a file and why, or the reason that it has none."""

    said: str
    chosen: tuple[DistributionFile, str] | None = None
    lacking: Reason = Reason.NOT_FOUND


class Resolver:
    """Resolutions for pins. Each project is asked of each mirror once, until ``forget``."""

    def __init__(self, fetcher: Fetcher, mirrors: tuple[Mirror, ...]) -> None:
        self._fetcher = fetcher
        self._mirrors = mirrors
        self._pages: SingleFlight[tuple[str, int], _Fetched] = SingleFlight()

    async def resolve(self, pin: Pin) -> Resolution:
        """The first mirror that has the release, and the distribution file to take there.

        Raises:
            Failure: NOT_FOUND, VERSION_NOT_FOUND or NO_USABLE_FILE when every mirror was asked in vain; otherwise
                what stopped the search, with its mirror.
        """
        asked: list[Answer] = []
        lacking: list[Reason] = []
        for index, mirror in enumerate(self._mirrors):
            fetched = await self._ask(pin.project, index, mirror)
            verdict = _judge(fetched, pin, mirror)
            asked.append(Answer(mirror=mirror.url, page_url=shown(fetched.url), said=verdict.said))
            if verdict.chosen is not None:
                file, why = verdict.chosen
                return Resolution(
                    pin=pin,
                    mirror=mirror.url,
                    position=index,
                    page_url=shown(fetched.url),
                    file=file,
                    why=why,
                    asked=tuple(asked),
                )
            lacking.append(verdict.lacking)
        raise _nowhere(pin, asked, lacking)

    def forget(self, project: str) -> None:
        """Drop the project's pages (normalised name), so that the next pin asks again."""
        for index in range(len(self._mirrors)):
            self._pages.forget((project, index))

    async def _ask(self, project: str, index: int, mirror: Mirror) -> _Fetched:
        try:
            return await self._pages.get((project, index), lambda: self._fetch(project, mirror))
        except Failure as failure:
            # A fresh one for each pin: several may wait for the same page.
            raise failure.at(mirror.url) from None

    async def _fetch(self, project: str, mirror: Mirror) -> _Fetched:
        # PEP 503: the address of a project page ends in a slash.
        url = f"{mirror.url}/{project}/"
        response = await self._fetcher.page(mirror, url)
        if response.status in _GONE:
            return _Fetched(url=response.url, status=response.status, page=None)
        if response.status != HTTPStatus.OK:
            what = f"{shown(response.url)} answered {response.status} {responses.get(response.status, '')}".rstrip()
            raise Failure(reason_of_status(response.status), what, mirror=mirror.url, retry_after=response.retry_after)
        return _Fetched(url=response.url, status=response.status, page=await _read(response, project))


async def _read(response: PageResponse, project: str) -> ProjectPage:
    try:
        if len(response.body) < _LARGE:
            return parse_page(response, project)
        return await asyncio.to_thread(parse_page, response, project)
    except Failure as failure:
        raise Failure(failure.reason, f"{shown(response.url)}: {failure.what}") from None


def _judge(fetched: _Fetched, pin: Pin, mirror: Mirror) -> _Verdict:
    page = fetched.page
    elsewhere = _elsewhere(fetched.url, mirror)
    if page is None:
        return _Verdict(said=f"{fetched.status} for the project{elsewhere}")
    if page.quarantined:
        # PEP 792: a quarantined project must not be offered, and no other mirror's copy of it either.
        raise Failure(Reason.NO_USABLE_FILE, f"{pin.project} is quarantined there", mirror=mirror.url)
    if page.empty:
        return _Verdict(said=f"a page without files{elsewhere}")
    chosen = choose_file(page.files.get(pin.release.version, ()))
    if chosen is not None:
        return _Verdict(said=f"has {chosen[0].filename}{elsewhere}", chosen=chosen)
    if pin.release.version in page.other_versions:
        said = f"has {pin.version} without an sdist, wheel or egg{elsewhere}"
        return _Verdict(said=said, lacking=Reason.NO_USABLE_FILE)
    left_out = f" ({page.left_out} unreadable entries left out)" if page.left_out else ""
    return _Verdict(said=f"does not list {pin.version}{left_out}{elsewhere}", lacking=Reason.VERSION_NOT_FOUND)


def _elsewhere(url: str, mirror: Mirror) -> str:
    """A redirect to another origin is another server's word: name it."""
    if same_origin(url, mirror.url):
        return ""
    try:
        return f", by redirect to {origin_of(url)}"
    except BadAddressError:
        return ""


def _nowhere(pin: Pin, asked: list[Answer], lacking: list[Reason]) -> Failure:
    if not asked:
        return Failure(Reason.NOT_FOUND, f"no mirror to ask for {pin}: urls is empty")
    # The mirror that came closest speaks.
    order = (Reason.NO_USABLE_FILE, Reason.VERSION_NOT_FOUND, Reason.NOT_FOUND)
    reason = next(reason for reason in order if reason in lacking)
    said = "; ".join(f"{answer.mirror}: {answer.said}" for answer in asked)
    return Failure(reason, f"no mirror has {pin} ({said})", mirror=asked[0].mirror if len(asked) == 1 else None)
