"""What is around the repositories: the first page, search by name, a release, and what to say of a wrong path."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from aiohttp import web
from packaging.version import InvalidVersion, Version

from codehost.model.errors import FACTS, Reason
from codehost.model.jobs import JobState
from codehost.model.listings import ListedRelease
from codehost.model.pins import normalise_project
from codehost.model.records import ReleaseDetails
from codehost.record.repositories import Wanted
from codehost.serve.access.middlewares import ORIGIN
from codehost.serve.access.origin import Origin
from codehost.serve.pages.limits import PageLimits
from codehost.serve.pages.rendering import Renderer
from codehost.serve.ports import Catalogue

_RELEASES = 500
_PROJECTS = 50
_CHANGES = 20
_GUESSES = 3
_SUGGESTED = 20
_OFFERED = 6
_LONGEST = 200
_LISTED = 100
_ID = re.compile(r"[0-9]{1,18}\Z")
# PEP 503: what a normalised name is made of. Nothing else is worth a question to the database.
_PROJECT = re.compile(r"[a-z0-9-]{1,200}\Z")
# Looking through all names takes a while in a large database; so few do it at once.
_SEARCHES = 2


# A text, and where it leads.
Offer = tuple[str, str]


class AboutPages:
    """Answers from the record.

    Args:
        renderer: fills in the templates.
        catalogue: the record.
        limits: what is shown.
    """

    def __init__(self, renderer: Renderer, catalogue: Catalogue, limits: PageLimits) -> None:
        self._renderer = renderer
        self._catalogue = catalogue
        self._limits = limits
        self._searches = asyncio.Semaphore(_SEARCHES)

    async def index(self, request: web.Request) -> web.Response:
        """The first page, or what a search finds."""
        asked = request.query.get("q", "").strip()[:_LONGEST]
        if not asked and not {"host", "state"}.isdisjoint(request.query):
            html = await self._listing(request)
        elif asked:
            releases, projects = await self._find(asked)
            html = self._renderer.fill("index.html", asked=asked, releases=releases, projects=projects)
        else:
            hosts, changes = await self._catalogue.code_hosts(), await self._catalogue.latest(_CHANGES)
            html = self._renderer.fill("index.html", asked="", hosts=hosts, changes=changes)
        return self._renderer.answer(request, html)

    async def _listing(self, request: web.Request) -> bytes:
        host, state = request.query.get("host", "")[:_LONGEST], request.query.get("state", "")
        after = request.query.get("after", "")
        wanted = Wanted(code_host=host or None, state=JobState(state) if state in set(JobState) else None)
        begin = int(after) if _ID.match(after) else 0
        hosts = await self._catalogue.code_hosts()
        chosen = [one for one in hosts if host in {"", one.name}]
        found = await self._catalogue.page(wanted, begin, _LISTED + 1) if chosen else []
        states = list(JobState) if wanted.state is None else [wanted.state]
        return self._renderer.fill(
            "listing.html",
            host=host,
            state=wanted.state.value if wanted.state else "",
            states=[one.value for one in JobState],
            hosts=hosts,
            count=sum(one.counts.get(state, 0) for one in chosen for state in states),
            rows=found[:_LISTED],
            begin=begin,
            after=found[_LISTED - 1].release_id if len(found) > _LISTED else None,
        )

    async def details(self, repository: str) -> ReleaseDetails | None:
        """What is known of the repository's release."""
        return await self._catalogue.details(repository)

    async def release(self, request: web.Request, release: ReleaseDetails, *, there: bool) -> web.Response:
        """A release's page. ``there``: its repository is on the disk."""
        known = await self._catalogue.releases_of(release.project, _RELEASES)
        html = self._renderer.fill(
            "release.html",
            release=release,
            there=there and release.commit is not None,
            clone=self._clone_url(request, release.repository),
            failure=release.message if release.state in {JobState.ERRORED, JobState.FAILED} else None,
            advice=_advice(release.reason),
            skips=release.skips[: self._limits.skips],
            others=newest_first(one for one in known if one.repository != release.repository),
        )
        return self._renderer.answer(request, html)

    def _clone_url(self, request: web.Request, repository: str) -> str:
        links = self._renderer.links
        origin: Origin | None = request.get(ORIGIN)
        if origin is None:
            return f"{request.scheme}://{request.host}{links.clone(repository)}"
        return origin.url(links.clone(repository).removeprefix(links.base))

    async def guesses(self, words: Sequence[str]) -> list[ListedRelease]:
        """Releases that may have been meant by a path that leads nowhere: its last parts, taken for projects."""
        tried = dict.fromkeys(normalise_project(word[:_LONGEST]) for word in words[-_GUESSES:][::-1])
        for project in filter(_PROJECT.match, tried):
            if found := await self._catalogue.releases_of(project, _RELEASES):
                return newest_first(found)[:_SUGGESTED]
        return []

    async def offers(self, asked: str) -> list[Offer]:
        """A few projects by the name that a search asks for, or the release whose pin it is, with their pages."""
        releases, projects = await self._find(asked[:_LONGEST])
        links = self._renderer.links
        name, _, version = asked.partition("==")
        exact = [one for one in releases if version.strip() and _key(one.pinned_version) == _key(version.strip())]
        if exact:
            pins = [(f"{one.project}=={one.pinned_version}", links.release(one.repository)) for one in exact]
            return pins[:_OFFERED]
        start = normalise_project(name.strip())
        beginning = [name for name in projects if name.startswith(start)]
        names = [*([start] if releases else []), *(beginning or projects)]
        return [(name, f"{links.index()}?{urlencode({'q': name})}") for name in names[:_OFFERED]]

    async def _find(self, asked: str) -> tuple[list[ListedRelease], list[str]]:
        name, _, version = asked.partition("==")
        project = normalise_project(name.strip())
        if _PROJECT.match(project) is None:
            return [], []
        found = newest_first(await self._catalogue.releases_of(project, _RELEASES))
        wanted = version.strip()
        exact = [one for one in found if wanted and _key(one.pinned_version) == _key(wanted)]
        async with self._searches:
            projects = await self._catalogue.projects(project, _PROJECTS)
        return exact or found, [other for other in projects if other != project]


def newest_first(releases: Iterable[ListedRelease]) -> list[ListedRelease]:
    """The releases in the falling order of their versions (PEP 440)."""
    return sorted(releases, key=lambda one: _key(one.pinned_version), reverse=True)


def _key(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def _advice(reason: str | None) -> str:
    return FACTS[Reason(reason)].advice if reason in set(Reason) else ""
