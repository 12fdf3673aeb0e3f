"""A database in which every pin of a configuration is recorded as synced, without syncing any."""

import hashlib
from pathlib import Path

from sqlalchemy import bindparam, select, update

from codehost.config.loading import load
from codehost.model.jobs import JobState
from codehost.plan.planner import plan
from codehost.record.clock import clock
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.releases import Releases
from codehost.record.tables import jobs, releases


async def record_as_synced(name: str, document: bytes, data: Path) -> None:
    """Save the code host, apply its plan, and complete every job of it. There are no repositories."""
    loaded = load(document)
    if loaded.config is None:
        raise ValueError("; ".join(map(str, loaded.violations)))
    async with open_database(None, data) as database:
        code_host_id = await CodeHosts(database).save(name, loaded.text)
        await Releases(database).apply_plan(code_host_id, plan(loaded.config.pins, []))
        await _complete(database, loaded.config.mirrors[0].url)


async def _complete(database: Database, mirror: str) -> None:
    columns = (releases.c.id, releases.c.project, releases.c.pinned_version)
    async with database.write() as connection:
        rows = (await connection.execute(select(*columns))).all()
        synced = [_synced(release_id, project, version, mirror) for release_id, project, version in rows]
        known = update(releases).where(releases.c.id == bindparam("known"))
        await connection.execute(known.values(synced_at=clock()), synced)
        done = {"attempts": 1, "epoch": 1, "started_at": clock(), "finished_at": clock()}
        await connection.execute(update(jobs).values(state=JobState.COMPLETED.value, **done))


def _synced(release_id: int, project: str, version: str, mirror: str) -> dict[str, object]:
    name = f"{project}-{version}.tar.gz"
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {
        "known": release_id,
        "commit": digest[:40],
        "tree": digest[24:],
        "mirror": mirror,
        "page_url": f"{mirror}/{project}/",
        "file_name": name,
        "file_url": f"{mirror}/files/{name}",
        "final_url": f"{mirror}/files/{name}",
        "sha256": digest,
        "hashes": {"sha256": digest},
        "verified": ["sha256"],
        "size": 100_000,
        "yanked": False,
        "why": "an sdist",
        "asked": [{"mirror": mirror, "page_url": f"{mirror}/{project}/", "said": f"has {name}"}],
        "files": 50,
        "unpacked_bytes": 500_000,
        "packed_bytes": 120_000,
        "skipped": 0,
    }
