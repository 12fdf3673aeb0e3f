"""A database as a daemon of months leaves it: releases, jobs, attempts, skips, changes and looks, in bulk.

Every row is made by the database itself from its number, so a million releases take seconds to minutes. Of a hundred
releases two are queued, three errored, one failed, one cancelled, two retired, and all others synced; four code hosts
share them, ten releases are a project.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.record.clock import read_clock
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.tables import metadata
from codehost.record.urls import SQLITE

HOSTS = 4
_MIRROR = "http://127.0.0.1:9/simple"
_MONTHS = 90 * 86_400 * 1_000_000
_HOUR = 3_600 * 1_000_000

_HOST = f"(1 + (i / 10) % {HOSTS})"
_PROJECT = "'project-' || (i / 10)"
_VERSION = "'1.' || (i % 10)"
_SHARE = "(i * 37 % 100)"
_STATE = f"""CASE WHEN {_SHARE} < 2 THEN 'queued' WHEN {_SHARE} < 5 THEN 'errored' WHEN {_SHARE} < 6 THEN 'failed'
  WHEN {_SHARE} < 8 THEN 'cancelled' ELSE 'completed' END"""
_REASON = f"""CASE WHEN {_SHARE} < 2 THEN NULL WHEN {_SHARE} < 3 THEN 'not-found' WHEN {_SHARE} < 4 THEN 'network'
  WHEN {_SHARE} < 5 THEN 'server-error' WHEN {_SHARE} < 6 THEN 'unsafe-archive' END"""
_MESSAGE = f"CASE WHEN {_SHARE} BETWEEN 2 AND 5 THEN 'the mirror said something that is about as long as this' END"
_SYNCED = f"({_SHARE} >= 8 OR {_SHARE} = 7)"
_DIGEST = f"'{'0123456789abcdef' * 3}01234567' || substr(CAST(100000000 + i AS text), 2)"
# The youngest is an hour old: the last minutes hold the same few attempts in every table.
_AT = f":now - {_HOUR} - i * ({_MONTHS} / :count)"

_TABLES = {
    "releases": {
        "id": "i",
        "code_host_id": _HOST,
        "project": _PROJECT,
        "version": _VERSION,
        "pinned_version": _VERSION,
        "repository": f"'host-' || {_HOST} || '/' || {_PROJECT} || '/' || {_VERSION}",
        "wanted": f"{_SHARE} NOT IN (6, 8)",
        '"commit"': f"CASE WHEN {_SYNCED} THEN substr({_DIGEST}, 25) END",
        "tree": f"CASE WHEN {_SYNCED} THEN substr({_DIGEST}, 25) END",
        "mirror": f"'{_MIRROR}'",
        "page_url": f"'{_MIRROR}/' || {_PROJECT} || '/'",
        "file_name": f"{_PROJECT} || '-' || {_VERSION} || '.tar.gz'",
        "file_url": f"'{_MIRROR}/files/' || {_PROJECT} || '-' || {_VERSION} || '.tar.gz'",
        "final_url": f"'{_MIRROR}/files/' || {_PROJECT} || '-' || {_VERSION} || '.tar.gz'",
        "sha256": _DIGEST,
        "size": "100000 + i",
        "yanked": "i % 50 = 9",
        "why": "'the first sdist'",
        "files": "50",
        "unpacked_bytes": "500000",
        "packed_bytes": "120000",
        "skipped": "CASE WHEN i % 50 = 3 THEN 2 ELSE 0 END",
        "quarantined": "i % 5000 = 9",
        "gone_at": "CASE WHEN i % 500 = 9 THEN :now END",
        "alarm": "CASE WHEN i % 5000 = 11 THEN 'the mirror offers other bytes' END",
        "created_at": _AT,
        "synced_at": f"CASE WHEN {_SYNCED} THEN {_AT} END",
        "retired_at": f"CASE WHEN {_SHARE} IN (6, 8) THEN :now - {24 * _HOUR} END",
    },
    "jobs": {
        "id": "i",
        "release_id": "i",
        "code_host_id": _HOST,
        "project": _PROJECT,
        "state": _STATE,
        "priority": "100",
        "attempts": f"CASE WHEN {_SHARE} < 2 THEN 0 WHEN {_SHARE} < 5 THEN 3 ELSE 1 END",
        "not_before": f"CASE WHEN {_SHARE} BETWEEN 2 AND 4 THEN :now + {24 * _HOUR} + i END",
        "epoch": "1",
        "reason": _REASON,
        "message": _MESSAGE,
        "queued_at": _AT,
        "started_at": _AT,
        "finished_at": f"CASE WHEN {_SHARE} >= 2 THEN {_AT} END",
    },
    "attempts": {
        "job_id": "i",
        "epoch": "1",
        "number": "1",
        "owner": "'machine:1:0'",
        "started_at": _AT,
        "finished_at": _AT,
        "outcome": _STATE,
        "reason": _REASON,
        "message": _MESSAGE,
    },
    "changes": {
        "sequence": "i",
        "code_host_id": _HOST,
        "repository": f"'host-' || {_HOST} || '/' || {_PROJECT} || '/' || {_VERSION}",
        "project": _PROJECT,
        "version": _VERSION,
        "kind": "'created'",
        "at": _AT,
    },
    "skips": {
        "release_id": "i",
        "position": "0",
        "path": "'docs/a-large-film.mp4'",
        "reason": "'too-large'",
        "size": "20000000",
    },
    "watches": {
        "code_host_id": _HOST,
        "project": _PROJECT,
        "mirror": f"'{_MIRROR}'",
        "page_url": f"'{_MIRROR}/' || {_PROJECT} || '/'",
        "looked_at": _AT,
        "next_at": f":now + {_HOUR} + i",
    },
}
_ONLY = {"skips": "i % 50 = 3", "watches": "i % 10 = 9", "attempts": f"{_SHARE} >= 2"}


async def fill(database: Database, count: int) -> list[int]:
    """Record ``count`` releases, and take statistics; returns the ids of the code hosts."""
    hosts = [await CodeHosts(database).save(f"host-{number}", "{}") for number in range(1, HOSTS + 1)]
    assert hosts == list(range(1, HOSTS + 1)), "the database must be empty"
    for table, columns in _TABLES.items():
        async with database.write() as connection:
            await connection.execute(text(_insert(table, columns)), await _values(connection, count))
    async with database.write() as connection:
        counter = text("UPDATE counters SET value = :count WHERE name = 'changes'")
        await connection.execute(counter, {"count": count})
        if database.dialect != SQLITE:
            for table in ("releases", "jobs"):
                await connection.execute(text(f"SELECT setval('{table}_id_seq', {count})"))
    await take_statistics(database)
    return hosts


async def _values(connection: AsyncConnection, count: int) -> dict[str, int]:
    return {"now": await read_clock(connection), "count": count}


def _insert(table: str, columns: dict[str, str]) -> str:
    numbers = "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    made = (
        ", ".join(columns.values())
        .replace(":now", "CAST(:now AS bigint)")
        .replace(":count)", "CAST(:count AS bigint))")
    )
    where = f" WHERE {_ONLY[table]}" if table in _ONLY else ""
    numbers = numbers.replace(":count", "CAST(:count AS bigint)")
    # SQLite takes the WITH behind INSERT INTO, as PostgreSQL does.
    return f"INSERT INTO {table} ({', '.join(columns)}) {numbers} SELECT {made} FROM n{where}"


async def take_statistics(database: Database) -> None:
    """As PostgreSQL does by itself within a minute, and SQLite never."""
    if database.dialect == SQLITE:
        return
    async with database.write() as connection:
        for table in metadata.tables:
            await connection.execute(text(f"ANALYZE {table}"))
