"""What was written while the database's clock was ahead, after it was set back: nothing waits for the time in between.

Who lives sets its own leases right by itself. These are those of the others, the waits before the next try, and the
mirrors that are left alone.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, delete, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.circuits import LONGEST_ASKED
from codehost.model.jobs import JobState
from codehost.record.clock import MICROSECONDS, clock, microseconds, read_clock
from codehost.record.database import Database
from codehost.record.moves import in_state, take_back
from codehost.record.tables import circuits, jobs

# Less is a matter of clocks that do not run alike.
_AHEAD = 60 * MICROSECONDS


async def come_back(database: Database, *, lease_seconds: float, living: Collection[str], seen: bool = False) -> int:
    """Set right what was written by a clock that was ahead; return how many jobs were concerned.

    Args:
        database: its clock was set back, or may have been while nobody looked.
        lease_seconds: a longer lease than this was given before.
        living: the owners that keep their leases themselves.
        seen: the caller has seen the clock being set. Then nobody knows how long a mirror was still to be left alone,
            and all may be asked again; otherwise only those that failed in the time to come.
    """
    async with database.write_alone() as connection:
        now = await read_clock(connection)
        too_long = jobs.c.lease_expires_at > now + microseconds(lease_seconds) + _AHEAD
        back = await take_back(connection, too_long, jobs.c.owner.not_in(list(living)))
        count = len(back) + await _shorten_waits(connection, now)
        await connection.execute(delete(circuits).where(circuits.c.open_until > now + 2 * LONGEST_ASKED))
        rests = circuits.c.open_until > now if seen else circuits.c.since > now + _AHEAD
        await connection.execute(update(circuits).where(rests, circuits.c.open_until > now).values(open_until=now))
        return count


async def _shorten_waits(connection: AsyncConnection, now: int) -> int:
    """What failed in the time to come waits as long as was decided, from now on."""
    values = {"not_before": jobs.c.not_before - jobs.c.finished_at + now, "finished_at": now}
    return (await connection.execute(update(jobs).where(failed_ahead(now)).values(values))).rowcount


def failed_ahead(now: int) -> ColumnElement[bool]:
    """The jobs that failed in the time to come."""
    return and_(in_state(JobState.ERRORED), jobs.c.finished_at > now + _AHEAD, jobs.c.not_before.is_not(None))


async def forget_old_circuits(database: Database, *, after_seconds: float) -> int:
    """Forget mirrors that failed so long ago and were not asked since: most are in no document any more."""
    old = microseconds(after_seconds)
    forgotten = delete(circuits).where(
        circuits.c.since < clock() - old, or_(circuits.c.open_until.is_(None), circuits.c.open_until < clock() - old)
    )
    async with database.write() as connection:
        return (await connection.execute(forgotten)).rowcount
