"""The feed: one entry for each change of a repository, in the order of the commits and without gaps."""

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.records import ChangeKind
from codehost.record.clock import clock
from codehost.record.tables import CHANGES_COUNTER, changes, code_hosts, counters
from codehost.record.urls import POSTGRESQL
from codehost.record.wakeups import FEED_CHANNEL


async def append_change(
    connection: AsyncConnection,
    *,
    code_host_id: int,
    repository: str,
    project: str,
    version: str,
    kind: ChangeKind,
    commit: str | None,
) -> int:
    """Add an entry within a write transaction and return its sequence number.

    The counter's row stays locked until the transaction ends. So the next number is given out only after this one is
    visible, and a rolled back number is given out again: a reader at sequence n never misses an entry below n.
    Call it last: everybody else who changes a repository waits from here on.
    """
    following = (
        update(counters)
        .where(counters.c.name == CHANGES_COUNTER)
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    )
    if connection.dialect.name == POSTGRESQL:
        # Whoever follows the feed is woken when this commits; here it costs no further round trip under the lock.
        following = following.returning(func.pg_notify(FEED_CHANNEL, ""))
    sequence = int((await connection.execute(following)).scalar_one())
    named = select(code_hosts.c.name).where(code_hosts.c.id == code_host_id).scalar_subquery()
    await connection.execute(
        insert(changes).values(
            sequence=sequence,
            code_host_id=code_host_id,
            repository=repository,
            project=project,
            version=version,
            kind=kind.value,
            commit=commit,
            at=clock(),
            code_host=func.coalesce(named, ""),
        )
    )
    return sequence
