"""A database's clock that tests set, and budgets whose workers live in the same true time."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.budget import SECOND
from codehost.record.database import Database
from codehost.record.ledger import LedgerBudget


class MustWait(Exception):  # noqa: N818 - it is an outcome
    """A budget would have slept."""


async def refuse_to_wait(_seconds: float) -> None:
    raise MustWait


@dataclass(slots=True, kw_only=True)
class SetClock:
    """True time and the error of the database's clock, in microseconds."""

    true: int
    error: int = 0

    async def read(self, _connection: AsyncConnection) -> int:
        return self.true + self.error

    def elapsed(self) -> float:
        return self.true / SECOND

    def budget(self, database: Database, code_host_id: int, cap: int) -> LedgerBudget:
        """A worker's budget, in true time and with this clock for the database's."""
        return LedgerBudget(database, code_host_id, cap, monotonic=self.elapsed, sleep=refuse_to_wait, clock=self.read)

    async def may_spend(self, budget: LedgerBudget) -> bool:
        """Spend one request, if it need not wait."""
        try:
            await budget.spend()
        except MustWait:
            return False
        return True
