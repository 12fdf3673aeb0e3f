"""What the admin API needs of the commands: previews and checks over a database that is open, and its endpoints.

Nomenclature: a document is *stored* when it is that of a code host in the database, perhaps edited; the markers in it
stand for the stored secrets then.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from codehost.app.asking import AskingRequest, Known
from codehost.app.checking import check_for
from codehost.app.hosting import Hosting, check_name
from codehost.app.jobs import JobDesk
from codehost.app.keys import Keyring
from codehost.app.overview import Lookout, rate_limit_in
from codehost.app.planning import intent_for, preview_of
from codehost.checking.report import report_to_json
from codehost.config.loading import load
from codehost.config.reach import Reach
from codehost.config.restoring import KnownSecret, keep, restore
from codehost.config.surroundings import ThisMachine
from codehost.config.violations import Violation
from codehost.model.codehosts import CodeHostConfig, RateLimit
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.events import Event
from codehost.model.tally import Tally
from codehost.preview.asking import by_project
from codehost.preview.outcome import preview_to_json
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.job_pages import JobPages
from codehost.serve.api.budget import Allowances
from codehost.serve.api.documents import Documents
from codehost.serve.api.endpoints import Endpoint
from codehost.serve.api.hosts import Hosts
from codehost.serve.api.jobs import SyncJobs
from codehost.serve.api.mirrors import Mirrors
from codehost.serve.api.schema import Contract
from codehost.serve.api.status import Standing
from codehost.serve.ports import Told

# Somebody waits for the answer, and all of it counts against the budget.
MOST_ASKED = 200


class TooManyToAskError(UserError):
    """A preview would ask the mirrors for more projects than it may.

    Attributes:
        projects: how many.
        most: how many it may.
    """

    def __init__(self, projects: int, most: int) -> None:
        super().__init__(projects, most)
        self.projects = projects
        self.most = most

    def __str__(self) -> str:
        return (
            f"The preview would ask the mirrors for {self.projects:,} projects, and here it asks for at most"
            f" {self.most:,}: leave out ask, or run codehost plan."
        )


@dataclass(slots=True)
class _Counting:
    """A view that only counts."""

    tally: Tally = field(default_factory=Tally)

    def begin(self, total: int) -> None:
        """Nobody looks."""

    def advance(self) -> None:
        """Nobody looks."""

    def notify(self, event: Event) -> None:
        """Count."""
        self.tally.notify(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A document that was read; ``config`` is None exactly when there are violations."""

    config: CodeHostConfig | None
    violations: tuple[Violation, ...]


class Consulting:
    """Implements ``codehost.serve.ports.Consulting``.

    Args:
        database: of the code hosts.
        data: the data directory.
        keyring: the keys of the stored secrets.
        environ: the environment that documents refer to.
        reach: how far they may refer.
        most_asked: how many projects a preview may ask the mirrors for.
    """

    def __init__(
        self,
        database: Database,
        data: DataDirectory,
        keyring: Keyring,
        *,
        environ: Mapping[str, str],
        reach: Reach | None = None,
        most_asked: int = MOST_ASKED,
    ) -> None:
        self._database = database
        self._hosts = CodeHosts(database)
        self._data = data
        self._keyring = keyring
        self._environ = environ
        self._reach = reach
        self._most_asked = most_asked

    async def preview(self, name: str, document: str | None, *, stored: bool, ask: bool, most: int) -> Told:
        """What following the document would do; each list with at most ``most`` entries.

        Raises:
            UserError: it cannot be told.
        """
        read = await self._read(name, document, stored=stored, usable=ask)
        if read.config is None:
            return Told(content={}, violations=read.violations)
        what = await self._known(name)
        config = await self._within_budget(name, read.config) if ask else read.config
        request = AskingRequest(name=name, config=config, offline=not ask)
        intent = await intent_for(what, self._data, request)
        if ask:
            projects = len(await asyncio.to_thread(by_project, intent.due))
            if projects > self._most_asked:
                raise TooManyToAskError(projects, self._most_asked)
        preview = await preview_of(what, request, intent, _Counting())
        return Told(content=await asyncio.to_thread(preview_to_json, preview, most))

    async def check(self, name: str, document: str | None, *, stored: bool) -> Told:
        """How each mirror is.

        Raises:
            UserError: it cannot be told.
        """
        read = await self._read(name, document, stored=stored, usable=True)
        if read.config is None:
            return Told(content={}, violations=read.violations)
        request = AskingRequest(name=name, config=await self._within_budget(name, read.config))
        return Told(content=report_to_json(await check_for(await self._known(name), request, _Counting())))

    async def _known(self, name: str) -> Known:
        found = await self._hosts.find(name)
        return Known(database=self._database, code_host_id=None if found is None else found.code_host_id)

    async def _within_budget(self, name: str, config: CodeHostConfig) -> CodeHostConfig:
        """The same with the smaller of two budgets: nothing that is only tried spends more than what is in force."""
        found = await self._hosts.find(name)
        in_force = None if found is None else await asyncio.to_thread(rate_limit_in, found.document)
        caps = [limit.requests_per_hour for limit in (in_force, config.rate_limit) if limit is not None]
        numbers = [cap for cap in caps if cap is not None]
        return replace(config, rate_limit=RateLimit(requests_per_hour=min(numbers, default=None)))

    async def _read(self, name: str, document: str | None, *, stored: bool, usable: bool) -> _Read:
        """The document's content; only if it is to be ``usable`` are secrets put in and references followed."""
        check_name(name)
        base, known = await self._stored(name) if stored else ("", ())
        text = base if document is None else document
        kept = await asyncio.to_thread(keep, text.encode("utf-8", "surrogatepass"), base, known, reach=self._reach)
        if kept.config is None or not usable:
            return _Read(config=kept.config, violations=kept.violations)
        whole = restore(kept.text, kept.secrets)
        loaded = await asyncio.to_thread(load, whole.encode(), ThisMachine(self._environ))
        return _Read(config=loaded.config, violations=loaded.violations)

    async def _stored(self, name: str) -> tuple[str, tuple[KnownSecret, ...]]:
        host, sealed = await self._hosts.read(name)
        return host.document, self._keyring.open(name, sealed)


def admin_endpoints(
    database: Database, data: DataDirectory, keyring: Keyring, *, reach: Reach | None = None
) -> list[Endpoint]:
    """The endpoints for administrators, and for whoever looks how everything stands.

    ``reach``: what documents may refer to; None: to nothing.
    """
    reach = reach or Reach()
    lookout = Lookout(database)
    # As it is now: others take secrets out of it.
    consulting = Consulting(database, data, keyring, environ=dict(os.environ), reach=reach)
    parts = (
        Hosts(Hosting(database, keyring, reach=reach)),
        Documents(consulting),
        SyncJobs(JobPages(database), JobDesk(database, data)),
        Standing(lookout),
        Mirrors(lookout),
        Allowances(lookout),
        Contract(),
    )
    return [endpoint for part in parts for endpoint in part.endpoints()]
