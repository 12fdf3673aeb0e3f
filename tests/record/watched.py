"""Synced releases, put into the database as the end of a sync leaves them."""

from typing import Any

from sqlalchemy import insert, select, update

from codehost.model.pins import parse_pin
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.tables import code_hosts, releases, watches

MIRROR = "https://mirror.example/simple"
SHA256 = "ab" * 32
COMMIT = "c" * 40


async def synced(database: Database, *pins: str, name: str = "host", **columns: object) -> int:
    """A code host with these releases, synced an hour ago from ``MIRROR``; returns its id."""
    async with database.write() as connection:
        known = select(code_hosts.c.id).where(code_hosts.c.name == name)
        host = (await connection.execute(known)).scalar_one_or_none()
        if host is None:
            values = {"name": name, "document": "{}", "document_sha256": "0", "created_at": 0, "updated_at": 0}
            host = (await connection.execute(insert(code_hosts).values(values).returning(code_hosts.c.id))).scalar_one()
        for pin in map(parse_pin, pins):
            row = {
                "code_host_id": host,
                "project": pin.project,
                "version": pin.release.version,
                "pinned_version": pin.version,
                "repository": pin.repository(f"{name}/{{project}}/{{version}}"),
                "wanted": True,
                "commit": COMMIT,
                "mirror": MIRROR,
                "page_url": f"{MIRROR}/{pin.project}/",
                "file_name": f"{pin.project}-{pin.version}.tar.gz",
                "sha256": SHA256,
                "hashes": {"sha256": SHA256},
                "yanked": False,
                "created_at": 0,
                "synced_at": clock() - 3_600_000_000,
            }
            await connection.execute(insert(releases).values({**row, **columns}))
    return int(host)


async def released(database: Database, repository: str) -> Any:
    """The row of a release."""
    async with database.read() as connection:
        return (await connection.execute(select(releases).where(releases.c.repository == repository))).one()


async def watched(database: Database) -> list[Any]:
    """The rows of all watches, by project."""
    async with database.read() as connection:
        return list((await connection.execute(select(watches).order_by(watches.c.project))).all())


async def change_watch(database: Database, project: str, **values: object) -> None:
    async with database.write() as connection:
        await connection.execute(update(watches).where(watches.c.project == project).values(values))


async def change_release(database: Database, repository: str, **values: object) -> None:
    async with database.write() as connection:
        await connection.execute(update(releases).where(releases.c.repository == repository).values(values))
