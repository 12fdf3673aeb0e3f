"""A server with feed and git on a port of its own, whose repositories tests make and take away, and who follows it."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import text

from codehost.app.consuming import FollowSettings, follow_until
from codehost.app.feeding import feeding
from codehost.app.storage import Storage
from codehost.consume.server import Token
from codehost.model.access import Role
from codehost.model.datadir import DataDirectory
from codehost.model.records import ChangeKind
from codehost.record.changes import append_change
from codehost.record.database import Database, open_database
from codehost.record.tokens import Tokens
from codehost.serve.access.credentials import fingerprint, new_token
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.origin import Site as Where
from codehost.serve.access.traffic import Traffic
from codehost.serve.application import Parts, application
from codehost.serve.git.service import GitService
from codehost.serve.listening import Listening, listening
from tests.serve.git.serving import client_environment, make_repository
from tests.walking import repositories_below


@dataclass(slots=True, kw_only=True)
class Site:
    """``commits``: of the repositories that are there."""

    database: Database
    data: DataDirectory
    url: str = ""
    commits: dict[str, str] = field(default_factory=dict)
    _sizes: "count[int]" = field(default_factory=lambda: count(100))

    async def put(self, *names: str) -> None:
        """Make repositories, or make them anew with another commit."""
        for name in names:
            kind = ChangeKind.UPDATED if name in self.commits else ChangeKind.CREATED
            shutil.rmtree(self.data.repository(name), ignore_errors=True)
            self.commits[name] = make_repository(self.data, name, size=next(self._sizes))
            await self.tell(name, kind, self.commits[name])

    async def mark(self, name: str) -> None:
        await self.tell(name, ChangeKind.MARKED, self.commits[name])

    async def remove(self, name: str) -> None:
        shutil.rmtree(self.data.repository(name))
        await self.tell(name, ChangeKind.REMOVED, self.commits.pop(name))

    async def token(self, name: str) -> str:
        """A reader's token."""
        token = new_token()
        await Tokens(self.database).add(name, Role.READER, fingerprint(token))
        return token

    async def restore(self, sequence: int) -> None:
        """Make the database as a backup has it that was made behind this entry."""
        async with self.database.write() as connection:
            await connection.execute(text("DELETE FROM changes WHERE sequence > :last"), {"last": sequence})
            await connection.execute(
                text("UPDATE counters SET value = :last WHERE name = 'changes'"), {"last": sequence}
            )

    async def tell(self, name: str, kind: ChangeKind, commit: str) -> None:
        """An entry of the feed."""
        async with self.database.write() as connection:
            await append_change(
                connection, code_host_id=1, repository=name, project="p", version="1", kind=kind, commit=commit
            )


@asynccontextmanager
async def opened(folder: Path, migrated: Path) -> AsyncIterator[Site]:
    """A site without a server; ``migrated`` is a database to begin with."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    shutil.copy(migrated, folder / "codehost.db")
    async with open_database(None, folder) as database:
        yield Site(database=database, data=DataDirectory(folder))


@asynccontextmanager
async def serving(site: Site, *, port: int = 0, base: str = "", reading: Reading = Reading.OPEN) -> AsyncIterator[Site]:
    """Serve it while the context lasts."""
    storage, traffic = Storage(data=site.data), Traffic()
    git, gate = GitService(site.data, base=base), Gate(Tokens(site.database), reading)
    async with feeding(storage, site.database, traffic.stopping) as feed:
        parts = Parts(
            gate=gate,
            traffic=traffic,
            version="1",
            endpoints=feed.endpoints,
            reading=[*git.routes(), *feed.routes],
            site=Where(base=base),
            hosts=HostNames(names=frozenset({"127.0.0.1"})),
        )

        async def drain() -> None:
            await traffic.drain(10)
            await git.close()
            await gate.close()

        where = Listening(address="127.0.0.1", port=port)
        async with listening(application(parts), where, drain=drain, farewell=1) as door:
            site.url = f"http://127.0.0.1:{door.port}{base}"
            yield site


def settings(url: str, folder: Path, **more: Any) -> FollowSettings:
    return FollowSettings(url=url, folder=folder, **{"token": Token(), "once": True, **more})


async def in_step(url: str, folder: Path, **more: Any) -> bool | None:
    """Follow once; whether everything is in step."""
    return await follow_until(asyncio.Event(), settings(url, folder, **more))


def git(folder: Path, *arguments: str) -> str:
    """What git says of a clone."""
    done = subprocess.run(
        ["git", "--git-dir", str(folder), *arguments],
        env=client_environment(folder),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def commits(folder: Path) -> dict[str, str]:
    """The clones that an engine finds at this moment, by their names, with the commits of HEAD."""
    found = {}
    for name in repositories_below(folder):
        try:
            found[name.removesuffix(".git")] = git(folder / name, "rev-parse", "HEAD")
        except subprocess.CalledProcessError:
            assert not (folder / name).exists()  # it was removed meanwhile
    return found


def marks(folder: Path, name: str) -> dict[str, str]:
    """What Zoekt reads in a clone's configuration."""
    lines = git(folder / f"{name}.git", "config", "--get-regexp", r"^zoekt\.").splitlines()
    return dict(line.removeprefix("zoekt.").split(" ", 1) for line in lines)
