"""The schema: migrations and tables agree; a database that is behind or newer is treated as it should be."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from codehost.model.errors import UserError
from codehost.model.ports import FoundRoot
from codehost.record.database import Database, open_database
from codehost.record.feed import Feed
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.migrate import HEAD, REVISIONS, migrations_folder, needs_migration
from codehost.record.mirrors import MirrorRoots
from codehost.record.reports import Reports
from codehost.record.tables import circuits, metadata, mirrors, secrets, tallies, tokens, watches, workers
from tests.record.helpers import download, pinned, report, resolution


def test_the_constant_names_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in reversed(list(scripts.walk_revisions()))] == list(REVISIONS)
    assert scripts.get_current_head() == HEAD


async def test_tables_equal_migrations(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return str({key: _plain(item) for key, item in value.items()})
    return str(value)


async def test_indexes_equal_migrations_to_the_letter(database: Database, tmp_path: Path) -> None:
    """The comparison above does not look at an index's condition or at what happens on delete."""

    def described(connection: Connection) -> object:
        looked = inspect(connection)
        return {
            table.name: (
                sorted(_plain(index) for index in looked.get_indexes(table.name)),
                sorted(_plain(key) for key in looked.get_foreign_keys(table.name)),
                sorted(_plain(unique) for unique in looked.get_unique_constraints(table.name)),
            )
            for table in metadata.sorted_tables
        }

    async with database.write() as connection:
        migrated = await connection.run_sync(described)
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
        assert await connection.run_sync(described) == migrated


STORED = [
    # stored, may upgrade, needs migration
    (None, False, True),
    (None, True, True),
    (HEAD, False, False),
    (HEAD, True, False),
]


@pytest.mark.parametrize(("stored", "may_upgrade", "needed"), STORED)
def test_needs_migration(stored: str | None, *, may_upgrade: bool, needed: bool) -> None:
    assert needs_migration(stored, "x", may_upgrade=may_upgrade) is needed


def test_a_database_that_is_behind_names_the_command() -> None:
    with pytest.raises(UserError, match="run `codehost migrate`"):
        needs_migration("0001", "x", may_upgrade=False)
    assert needs_migration("0001", "x", may_upgrade=True)


async def test_what_an_older_revision_holds_survives(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as database:
        host = await pinned(database, "a==1", name="work")
        [job] = await Jobs(database).claim(host, "w", 1, 60)
        await Jobs(database).complete(job, resolution(job), download(job), report(remarks=("odd",)))
        async with database.write() as connection:
            await connection.run_sync(_back_to_first)
    async with open_database(database_url, tmp_path, migrate=True) as database:
        assert [host.name for host in await CodeHosts(database).all()] == ["work"]
        found = await Reports(database).details("python/a/1")
        assert found is not None
        assert (found.commit, found.remarks) == ("c" * 40, ())
        await MirrorRoots(database, 1).remember("https://m", FoundRoot(root="https://m/simple", witness="https://m/w"))
        assert [change.code_host for change in (await Feed(database).page(0, 9)).items] == ["work"]
        assert await Feed(database).identity() > 0


LATER = {
    "code_hosts": "source paused priority applied_sha256 applied_at sync_requested_at removal_confirmed_sha256"
    " removed_at problem",
    "jobs": "losses",
    "releases": "remarks quarantined gone_at alarm",
    "changes": "code_host",
}


def _drop_triggers(connection: Connection) -> None:
    for table, event in product(("jobs", "releases"), ("insert", "delete", "update")):
        name = f"tally_{table}_{event}"
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text(f"DROP FUNCTION {name} CASCADE"))


def _back_to_first(connection: Connection) -> None:
    _drop_triggers(connection)
    for table in (tallies, tokens, watches, circuits, workers, secrets, mirrors):
        table.drop(connection)
    for index in ("releases_alarmed", "attempts_finished", "jobs_failed", "jobs_state"):
        connection.execute(text(f"DROP INDEX {index}"))
    for index in ("changes_host", "changes_repository"):
        connection.execute(text(f"DROP INDEX {index}"))
    connection.execute(text("DELETE FROM counters WHERE name LIKE 'feed%'"))
    for name, columns in LATER.items():
        for column in columns.split():
            connection.execute(text(f"ALTER TABLE {name} DROP COLUMN {column}"))
    connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))


async def test_a_newer_database_is_refused(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as database, database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UserError, match=r"made by a newer codehost .*upgrade codehost"):
        async with open_database(database_url, tmp_path):
            pass


OPEN = """
import asyncio, sys
from pathlib import Path
from codehost.record.database import open_database
async def main():
    async with open_database(sys.argv[1], Path("/")):
        print("alembic" in sys.modules)
asyncio.run(main())
"""


def test_only_migrating_imports_alembic(database_url: str) -> None:
    command = [sys.executable, "-c", OPEN, database_url]
    said = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() for _ in range(2)]
    assert said == ["True", "False"]


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    command = [sys.executable, "-c", OPEN, database_url]
    started = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], errors
