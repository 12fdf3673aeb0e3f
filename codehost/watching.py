"""Watching upstream: each synced project's page is looked at again, slowly, and what it says of releases is marked.

A look is one conditional request, counted in the budget like any other; where nothing has changed, that is all. It
asks the mirror that a release came from, and no other one: what other mirrors say of a project is said of other files.
The releases of a project may come from several mirrors; each look asks one of them, in turn.

Only a page that was read marks anything at once. An error marks nothing, and neither does a mirror that says that it
lacks the whole project, until it has said so at two looks (see ``Watch.confirmable``).
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, UserError
from codehost.model.ports import NO_VALIDATORS, Fetcher, RootMemory, Validators
from codehost.net.origins import same_origin, shown
from codehost.record.marks import Marked, WatchedRelease, all_gone, compare
from codehost.record.watches import MISSING, Looked, Watch, Watches
from codehost.resolve.mirror_pages import MirrorPages
from codehost.resolve.roots import candidates
from codehost.resolve.words import Kind, Word, roots_tried

T = TypeVar("T")

INTERVAL = 24 * 3_600.0

# Releases that are synced meanwhile are noticed after so long.
_LONGEST_SLEEP = 600.0
# What is due may be in another worker's hands for a moment.
_LEAST_SLEEP = 0.05
_LONGEST_GAP = 60.0
# Looks that have piled up go at this many times the even pace, and not all at once.
_CATCHING_UP = 2
# A look without a result is repeated sooner.
_SOONER = 0.25
# An interval is longer or shorter by up to this share: looks that fell together drift apart.
_SCATTER = 0.1

log = structlog.get_logger("codehost.watching")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one word of a mirror means for its releases; the fields are those of ``Looked``."""

    page_url: str
    validators: Validators = NO_VALIDATORS
    message: str | None = None
    marked: tuple[Marked, ...] = ()


@dataclass(slots=True, kw_only=True)
class Watching:
    """Looks at the project pages of one code host, one at a time, each about once per ``interval`` (seconds).

    ``mirrors`` are the configured ones. ``jitter`` gives random numbers from 0 to 1.
    """

    watches: Watches
    code_host_id: int
    mirrors: tuple[Mirror, ...]
    fetcher: Fetcher
    roots: RootMemory
    interval: float = INTERVAL
    jitter: Callable[[], float] = random.random
    _projects: int = 0
    _enrolled_to: int = 0
    _whole_at: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop`` is set. A request that is under way then is dropped, and the look taken again later.

        Raises:
            UserError: the database is gone.
        """
        clock = asyncio.get_running_loop().time
        enrolment = clock()
        while not stop.is_set():
            if clock() >= enrolment:
                await self.enrol()
                enrolment = clock() + _LONGEST_SLEEP
            seconds = await self.step(stop)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)

    async def enrol(self) -> None:
        """Plan first looks at what has been synced since the last enrolment; count what is watched.

        Raises:
            UserError: the database is gone.
        """
        now = asyncio.get_running_loop().time()
        newest = await self.watches.newest_change()
        # What was restored, or synced before this process began, is not among the latest changes.
        whole = self._whole_at is None or now >= self._whole_at
        await self.watches.enrol(self.code_host_id, self.interval, None if whole else self._enrolled_to)
        if whole:
            self._whole_at = now + self.interval
        self._enrolled_to = newest
        self._projects = await self.watches.count(self.code_host_id)

    async def step(self, stop: asyncio.Event) -> float:
        """Look at one project if one is due; return in how many seconds to come again.

        Raises:
            UserError: the database is gone.
        """
        due = await self.watches.due(self.code_host_id)
        for watch in due:
            await self._look(watch, stop)
        due_in = await self.watches.due_in(self.code_host_id)
        if due_in is None:
            return _LONGEST_SLEEP
        gap = min(self.interval / max(self._projects, 1) / _CATCHING_UP, _LONGEST_GAP) if due else _LEAST_SLEEP
        return max(gap, min(due_in, _LONGEST_SLEEP))

    async def _look(self, watch: Watch, stop: asyncio.Event) -> None:
        url, releases = asked_now(watch)
        try:
            finding = await _unless(stop, self._ask(watch, url, releases))
        except UserError:
            raise  # without the database nothing can go on
        except Exception as error:  # a defect must cost one look and not the program
            log.exception("look crashed", action="watch_crashed", project=watch.project)
            finding = Finding(page_url=watch.page_url, message=f"unexpected {type(error).__name__}")
        if finding is None:
            return
        mirrors = len({release.mirror for release in watch.releases})
        looked = Looked(
            watch=watch,
            mirror=url,
            page_url=finding.page_url,
            validators=finding.validators,
            message=finding.message,
            marked=finding.marked,
            again_in=self._again_in(finding) / mirrors,
        )
        if await self.watches.store(looked):
            _tell(looked)

    async def _ask(self, watch: Watch, url: str, releases: Sequence[WatchedRelease]) -> Finding:
        mirror = next((mirror for mirror in self.mirrors if mirror.url == url and mirror.enabled), None)
        if mirror is None:
            return Finding(page_url=watch.page_url, message="the mirror is not configured, or disabled")
        validators = watch.validators if url == watch.mirror else NO_VALIDATORS
        # Afresh for each look: a mirror may have moved in the months that this runs.
        pages = MirrorPages(self.fetcher, self.roots)
        try:
            word = await pages.ask(mirror, watch.project, validators)
            if word.unchanged and shown(word.url) != watch.page_url:
                # A validator tells the states of one address apart; here another one has answered.
                word = await pages.ask(mirror, watch.project)
        except Failure as failure:
            return Finding(page_url=watch.page_url, message=f"{failure.reason}: {failure}")
        if word.kind is Kind.MISSING and not pages.knows_root(mirror):
            return Finding(page_url=watch.page_url, message=roots_tried(candidates(mirror.url)))
        return found(watch, word, releases)

    def _again_in(self, finding: Finding) -> float:
        share = 1.0 if finding.message in {None, MISSING} else _SOONER
        return self.interval * share * (1 - _SCATTER + 2 * _SCATTER * self.jitter())


def asked_now(watch: Watch) -> tuple[str, tuple[WatchedRelease, ...]]:
    """The mirror that a look asks, and the releases that came from it.

    The one after the one that was asked last; but one that has said that it lacks the project is heard again first.
    """
    mirrors = sorted({release.mirror for release in watch.releases})
    of = {url: tuple(release for release in watch.releases if release.mirror == url) for url in mirrors}
    if watch.missed and any(not release.marks.gone for release in of.get(watch.mirror, ())):
        return watch.mirror, of[watch.mirror]
    url = next((url for url in mirrors if url > watch.mirror), mirrors[0])
    return url, of[url]


def found(watch: Watch, word: Word, releases: Sequence[WatchedRelease]) -> Finding:
    """What a mirror's word means for the ``releases`` that came from it. Pure."""
    page_url = shown(word.url)
    if word.kind is Kind.MISSING:
        marked = all_gone(releases) if watch.missed and watch.confirmable else ()
        return Finding(page_url=page_url, message=MISSING, marked=marked)
    # A mirror may redirect to another one for what it lacks. That one's files are not those that were recorded.
    own = [release for release in releases if same_origin(word.url, release.page_url)]
    if not own:
        return Finding(page_url=page_url, message=f"the page now comes from elsewhere: {page_url}")
    if word.unchanged or word.page is None:
        return Finding(page_url=page_url, validators=word.validators)
    return Finding(page_url=page_url, validators=word.validators, marked=compare(own, word.page))


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What ``work`` returns or raises; None if ``stop`` is set before it is done."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def _tell(looked: Looked) -> None:
    project, mirror = looked.watch.project, looked.mirror
    if looked.message is not None:
        log.info("nothing learnt", action="watch_failed", project=project, mirror=mirror, message=looked.message)
    for one in looked.marked:
        release, marks = one.release, one.marks
        about = {"repository": release.repository, "mirror": mirror}
        log.info(
            "marks changed",
            action="marked",
            yanked=marks.yanked is not None,
            quarantined=marks.quarantined,
            gone=marks.gone,
            **about,
        )
        if marks.alarm is not None and marks.alarm != release.marks.alarm:
            log.error("digest differs", action="digest_alarm", alarm=marks.alarm, **about)
        elif marks.alarm is None and release.marks.alarm is not None:
            log.warning("digest agrees again", action="digest_alarm_over", **about)
