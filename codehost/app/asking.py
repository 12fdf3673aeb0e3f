"""What the commands that only ask mirrors have in common: what is known, the budget, the way out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from codehost.app.storage import Storage, database_if_any
from codehost.model.codehosts import CodeHostConfig
from codehost.model.events import Observer
from codehost.model.ports import Budget, RootMemory
from codehost.model.tally import Tally
from codehost.net.local_budget import LocalBudget
from codehost.net.pacer import Pacer
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.ledger import LedgerBudget
from codehost.record.mirrors import MirrorRoots
from codehost.resolve.mirror_pages import NoMemory


class AskingView(Observer, Protocol):
    """Whoever watches a command that asks mirrors."""

    tally: Tally

    def begin(self, total: int) -> None:
        """So many are asked for."""
        ...

    def advance(self) -> None:
        """One of them is answered."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingRequest:
    """What ``codehost check`` or ``codehost plan`` was asked for; ``name`` is the code host's."""

    name: str
    config: CodeHostConfig
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A code host as the database knows it: with None for both, or only for its id, it does not."""

    database: Database | None = field(default=None, repr=False)
    code_host_id: int | None = None


@asynccontextmanager
async def known(storage: Storage, name: str) -> AsyncIterator[Known]:
    """Open the database, if there is one, and look for the code host. Nothing is made.

    Raises:
        UserError: there is a database, and it cannot be used.
    """
    async with database_if_any(storage) as database:
        found = None if database is None else await CodeHosts(database).find(name)
        yield Known(database=database, code_host_id=found.code_host_id if found else None)


@asynccontextmanager
async def budget(what: Known, requests_per_hour: int | None, observer: Observer) -> AsyncIterator[Budget]:
    """The ledger's budget where there is a ledger, else one that this process keeps by itself; paced as for a sync."""
    if what.database is None or what.code_host_id is None:
        yield Pacer(LocalBudget(requests_per_hour, observer), requests_per_hour, observer)
        return
    async with LedgerBudget(what.database, what.code_host_id, requests_per_hour, observer) as ledger:
        yield Pacer(ledger, requests_per_hour, observer)


def memory(what: Known) -> RootMemory:
    """Where the mirrors' simple roots are kept, if anywhere."""
    if what.database is None or what.code_host_id is None:
        return NoMemory()
    return MirrorRoots(what.database, what.code_host_id)
