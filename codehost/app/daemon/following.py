"""Following the documents: loaded with their secrets, planned when they change, and worked by.

Every worker loads every document, for it works by it; one of them plans it. What cannot be followed leaves the last
good document in force here, and says why in the code host's ``problem``.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import structlog

from codehost.app.daemon.posts import Posts
from codehost.app.daemon.pruning import DiskError, Pruning
from codehost.app.daemon.referred import Referred, Stamp
from codehost.app.keys import Keyring
from codehost.config.loading import Loaded, load
from codehost.config.restoring import UnknownSecretError, restore
from codehost.config.surroundings import ThisMachine
from codehost.model.codehosts import CodeHostConfig
from codehost.model.datadir import DataDirectory
from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.model.jobs import JobState
from codehost.model.records import Plan, RecordedRelease, Source
from codehost.plan.planner import is_great_removal, plan
from codehost.record.agenda import Agenda, Entry
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts, UnknownHostError
from codehost.record.jobs import Jobs
from codehost.record.plans import NameHeldError
from codehost.record.releases import Releases
from codehost.supervising import first_of

_LOOK_SECONDS = 60.0
_AGAIN_SECONDS = 2.0
_LEAST_SECONDS = 0.5
# What could not be followed is tried again so often: a missing file may be there by then.
_RETRY_SECONDS = 30.0
# So many repositories are taken away for another code host before the others have their turn.
_MOST_AT_ONCE = 200

_DEFECT = "A worker met an unexpected"

log = structlog.get_logger("codehost.worker")


class _ProblemError(Exception):
    """A document cannot be followed; the text is a full sentence, or several."""


@dataclass(slots=True, kw_only=True)
class _Known:
    """What this process knows of a code host. ``state``: when it was read; ``sha256`` and ``config``: the last good.

    The pins are not kept: there may be a million. ``referred``: the files that the document refers to, as they were
    when they were read last; ``certificates``: those of them that the last good one has its connections secured by.
    """

    state: object = None
    sha256: str | None = None
    config: CodeHostConfig | None = None
    retry_at: float | None = None
    referred: Referred | None = None
    certificates: Mapping[str, Stamp] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Following:
    """Makes the posts and the queue follow the documents in the database.

    ``environ`` is the environment that documents refer to. ``bell`` is set when something may have changed.
    """

    database: Database
    data: DataDirectory
    keyring: Keyring
    environ: Mapping[str, str]
    posts: Posts
    bell: asyncio.Event
    _known: dict[int, _Known] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until ``stop`` is set.

        Raises:
            UserError: the database is gone.
        """
        while not stop.is_set():
            self.bell.clear()
            seconds = await self.look()
            # After the look, not before the next one: what follows a long silence is followed at once.
            await first_of(_LEAST_SECONDS, stop)
            await first_of(seconds, stop, self.bell)

    def forget(self) -> None:
        """Read everything again at the next look: files that documents refer to may have changed."""
        for known in self._known.values():
            known.state = None
        self.bell.set()

    async def look(self) -> float:
        """Follow every code host once; return after how many seconds to look again.

        Raises:
            UserError: the database is gone.
        """
        entries = [entry for entry in await Agenda(self.database).read() if entry.source != Source.SYNC]
        present = {entry.code_host_id for entry in entries if entry.removed_at is None}
        self.posts.keep_only(present)
        self._known = {id_: known for id_, known in self._known.items() if id_ in present}
        waits = [await self._follow(entry) for entry in entries if entry.removed_at is None]
        return min(waits, default=_LOOK_SECONDS)

    async def _follow(self, entry: Entry) -> float:
        known = self._known.setdefault(entry.code_host_id, _Known())
        now = asyncio.get_running_loop().time()
        state = (entry.updated_at, entry.sync_requested_at, entry.removal_confirmed_sha256)
        due = known.retry_at is not None and now >= known.retry_at
        if known.referred is not None and await asyncio.to_thread(known.referred.have_changed):
            log.info("files changed", action="references_changed", code_host=entry.name)
            known.state = known.referred = None
            # What failed for want of the right secret is tried again.
            await CodeHosts(self.database).request_sync(entry.name)
        seconds = _LOOK_SECONDS
        if due or known.state != state or (known.retry_at is None and entry.is_to_be_planned):
            known.state, known.retry_at = state, None
            try:
                seconds = await self._take(entry, known)
            except DatabaseUnavailableError:
                known.state = None
                raise
            except (UserError, _ProblemError) as error:
                known.retry_at = now + _RETRY_SECONDS
                await self._complain(entry, str(error))
            except Exception as error:  # a defect must cost one code host a while, and not all behind it
                log.exception("code host not followed", action="follow_crashed", code_host=entry.name)
                known.retry_at = now + _RETRY_SECONDS
                await self._complain(entry, f"{_DEFECT} {type(error).__name__}: see its log.")
        await self._post(entry, known)
        return seconds if known.retry_at is None else min(seconds, _RETRY_SECONDS)

    async def _take(self, entry: Entry, known: _Known) -> float:
        """Load the document, and plan it if that is due; return after how many seconds to look again."""
        try:
            host, sealed = await CodeHosts(self.database).read(entry.name)
        except UnknownHostError:
            return _AGAIN_SECONDS
        if (host.code_host_id, host.updated_at) != (entry.code_host_id, entry.updated_at):
            known.state = None  # edited, or made anew, since the entry was read
            return _AGAIN_SECONDS
        try:
            text = restore(host.document, self.keyring.open(entry.name, sealed))
        except UnknownSecretError as error:
            what = f"write the secret again with codehost hosts edit {entry.name}"
            raise _ProblemError(f"{_opening()}: {error}; {what}.") from None
        known.referred = Referred(ThisMachine(self.environ))
        loaded = await asyncio.to_thread(load, text.encode(), known.referred)
        if loaded.config is None:
            raise _ProblemError(_mistakes(loaded))
        if known.config is not None and entry.problem is None and known.sha256 != host.document_sha256:
            log.info("document changed", action="document_changed", code_host=entry.name)
        # Without an earlier document in force, what is refused below is only what it removes.
        settings = replace(loaded.config, pins=())
        # Other mirrors, limits or secrets may heal what failed; other pins do not.
        heals = known.config != settings
        known.config = known.config or settings
        known.certificates = known.referred.certificates
        if entry.is_to_be_planned:
            planned = await self._plan_or_make_way(entry, loaded.config, host.document_sha256, heals=heals)
            known.sha256, known.config = host.document_sha256, settings
            return _LOOK_SECONDS if planned else _AGAIN_SECONDS
        known.sha256, known.config = host.document_sha256, settings
        if entry.problem is not None and entry.problem.startswith((_opening(), _DEFECT)):
            await self._say(entry, None)
        return _LOOK_SECONDS

    async def _plan_or_make_way(self, entry: Entry, config: CodeHostConfig, sha256: str, *, heals: bool) -> bool:
        """As ``_plan``; what other code hosts have retired gives way to what this one pins."""
        try:
            return await self._plan(entry, config, sha256, heals=heals)
        except NameHeldError as error:
            if not error.releases:
                raise
            pruning = Pruning(database=self.database, data=self.data)
            try:
                for release in error.releases[:_MOST_AT_ONCE]:
                    await pruning.remove(release)
            except DiskError as disk:
                what = f"{error.releases[0].repository} has to be taken away from {error.holder!r} first"
                raise _ProblemError(f"{_opening()}: {what}, and cannot be ({disk}).") from None
            return False

    async def _plan(self, entry: Entry, config: CodeHostConfig, sha256: str, *, heals: bool) -> bool:
        """Plan for the document; False if another worker is at it, or the document has changed.

        What failed is tried again at once if a person asks for a sync, or if the document ``heals``.
        """
        agenda, releases = Agenda(self.database), Releases(self.database)
        async with agenda.turn(entry.code_host_id) as mine:
            if not mine:
                return False
            fresh = next(iter(await agenda.read(entry.code_host_id)), None)
            if fresh is None or fresh.document_sha256 != sha256:
                return False
            if not fresh.is_to_be_planned:
                return True
            recorded = await releases.recorded(entry.code_host_id)
            made = await asyncio.to_thread(plan, config.pins, recorded, config.repository_pattern)
            if is_great_removal(made) and fresh.removal_confirmed_sha256 != sha256:
                raise _ProblemError(_too_much(entry.name, made))
            again = heals or fresh.is_asked_for
            if not await releases.follow_plan(entry.code_host_id, made, sha256, retry_failed=again):
                return False
            await self._mend(made)
        # This process need not wait to hear of its own plan.
        self.posts.opened()
        log.info(
            "planned",
            action="planned",
            code_host=entry.name,
            added=len(made.add),
            restored=len(made.restore),
            retired=len(made.retire),
            kept=made.keep,
        )
        return True

    async def _mend(self, made: Plan) -> None:
        """Make those repositories again that were completed once and are not there any more."""

        def missing() -> list[RecordedRelease]:
            back = (release for release in made.restore if release.state is JobState.COMPLETED)
            return [release for release in back if not self.data.repository(release.repository).exists()]

        if gone := await asyncio.to_thread(missing):
            await Jobs(self.database).requeue(release.release_id for release in gone)
            await Releases(self.database).lose(release.repository for release in gone)

    async def _complain(self, entry: Entry, problem: str) -> None:
        if problem != entry.problem:
            log.error("document not followed", action="not_followed", code_host=entry.name, problem=problem)
            await self._say(entry, problem)

    async def _say(self, entry: Entry, problem: str | None) -> None:
        seen = (entry.updated_at, entry.applied_at)
        await CodeHosts(self.database).set_problem(entry.code_host_id, problem, seen=seen)

    async def _post(self, entry: Entry, known: _Known) -> None:
        config = known.config
        if config is None or entry.paused or config.rate_limit.requests_per_hour == 0:
            self.posts.drop(entry.code_host_id)
        else:
            await self.posts.put(entry.code_host_id, entry.name, entry.priority, config, known.certificates)


def _opening() -> str:
    return f"The document cannot be used on {socket.gethostname()}"


def _mistakes(loaded: Loaded) -> str:
    violations = loaded.violations
    count = f"it has {len(violations)} mistakes, the first on" if len(violations) > 1 else "it has a mistake on"
    return f"{_opening()}: {count} {violations[0]}"


def _too_much(name: str, made: Plan) -> str:
    return (
        f"The document as it is now would retire {made.removes} of {made.known} releases, and is not followed: correct"
        f" it, or run codehost hosts confirm {name} if that is meant."
    )
