"""How many releases a code host has of each kind, read from counts that the database keeps by itself.

Triggers on ``jobs`` and ``releases`` change the counts in the transaction that changes the rows (migration 0005 says
what counts as what). So the numbers are exact at every moment, and reading them costs the same for ten releases as for
a million.
"""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.tables import tallies
from codehost.record.urls import POSTGRESQL

_RETIRED = "retired"
_RETRYING = "retrying"
_YANKED = "yanked"
_QUARANTINED = "quarantined"
_GONE = "gone"
_ALARMED = "alarmed"

# So many rows are read in no time; connections that are gone have left them.
_MOST_ROWS = 500

# Rows that another transaction counts in this moment stay where they are, so nobody waits.
_GATHER = """
    WITH free AS (SELECT code_host_id, kind, reason, writer FROM tallies WHERE writer <> 0 FOR UPDATE SKIP LOCKED),
    gone AS (
      DELETE FROM tallies t USING free f
      WHERE (t.code_host_id, t.kind, t.reason, t.writer) = (f.code_host_id, f.kind, f.reason, f.writer)
      RETURNING t.code_host_id, t.kind, t.reason, t.number)
    INSERT INTO tallies (code_host_id, kind, reason, writer, number)
    SELECT code_host_id, kind, reason, 0, sum(number) FROM gone GROUP BY code_host_id, kind, reason
    ON CONFLICT (code_host_id, kind, reason, writer) DO UPDATE SET number = tallies.number + excluded.number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of one code host.

    ``states``: wanted releases by state, all states present. ``reasons``: of the errored and failed ones, by state and
    reason. ``retrying``: errored ones that have a moment for the next try. ``retired`` are no longer pinned. The others
    count wanted releases by mark.
    """

    states: dict[JobState, int]
    reasons: dict[tuple[JobState, str], int]
    retrying: int
    retired: int
    yanked: int
    quarantined: int
    gone: int
    alarmed: int


async def load_tally(connection: AsyncConnection, code_host_id: int) -> Tally:
    """The counts of a code host; all are 0 if there is none."""
    query = (
        select(tallies.c.kind, tallies.c.reason, func.sum(tallies.c.number))
        .where(tallies.c.code_host_id == code_host_id)
        .group_by(tallies.c.kind, tallies.c.reason)
    )
    found = {(kind, reason): int(number) for kind, reason, number in (await connection.execute(query)).all() if number}
    kinds: Counter[str] = Counter()
    for (kind, _), number in found.items():
        kinds[kind] += number
    failed = (JobState.ERRORED, JobState.FAILED)
    return Tally(
        states={state: kinds[state.value] for state in JobState},
        reasons={(JobState(kind), reason): number for (kind, reason), number in found.items() if kind in failed},
        retrying=kinds[_RETRYING],
        retired=kinds[_RETIRED],
        yanked=kinds[_YANKED],
        quarantined=kinds[_QUARANTINED],
        gone=kinds[_GONE],
        alarmed=kinds[_ALARMED],
    )


async def load_states(connection: AsyncConnection) -> dict[int, dict[JobState, int]]:
    """Wanted releases by state, of every code host that has any; a state without any may be missing."""
    query = (
        select(tallies.c.code_host_id, tallies.c.kind, func.sum(tallies.c.number))
        .where(tallies.c.kind.in_([state.value for state in JobState]))
        .group_by(tallies.c.code_host_id, tallies.c.kind)
    )
    found: dict[int, dict[JobState, int]] = {}
    for code_host_id, kind, number in (await connection.execute(query)).all():
        found.setdefault(code_host_id, {})[JobState(kind)] = int(number)
    return found


async def gather(database: Database) -> bool:
    """Put the rows of all connections together when there are many; return whether there were.

    On SQLite, where one connection writes at a time, there is one row of each kind from the beginning.
    """
    if database.dialect != POSTGRESQL:
        return False
    async with database.read() as connection:
        rows = (await connection.execute(select(func.count()).select_from(tallies))).scalar_one()
    if rows <= _MOST_ROWS:
        return False
    async with database.write_alone() as connection:
        await connection.execute(text(_GATHER))
    return True
