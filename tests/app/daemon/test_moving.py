"""Code hosts that get in each other's way: pins that move, names that two want, a defect of one of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from codehost.app.daemon.following import Following
from codehost.app.daemon.posts import Posts
from codehost.app.hosting import Hosting
from codehost.app.keys import KeyPlace, Keyring
from codehost.config.restoring import KnownSecret
from codehost.health.metrics import Metrics
from codehost.model.datadir import DataDirectory
from codehost.model.jobs import JobState
from codehost.model.status import Status
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.secrets import SealedSecret
from codehost.supervising import Troubles
from tests.record.helpers import download, report, resolution


async def no_status() -> Status:
    raise AssertionError("nobody asks")


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(KeyPlace(file=tmp_path / "key", may_make=True))


@pytest.fixture
async def following(database: Database, tmp_path: Path, keyring: Keyring) -> AsyncIterator[Following]:
    data = DataDirectory(tmp_path / "data").owned_by("me:1")
    posts = Posts(database=database, data=data, watch_every=None, troubles=Troubles(), more=Metrics(no_status).of)
    yield Following(database=database, data=data, keyring=keyring, environ={}, posts=posts, bell=asyncio.Event())
    await posts.close()


def document(*pins: str) -> str:
    return json.dumps({"urls": ["https://mirror.example.com/simple"], "dependencies": pins})


async def states(database: Database, name: str) -> dict[str, tuple[JobState, bool]]:
    host = await CodeHosts(database).find(name)
    assert host is not None
    recorded = await Releases(database).recorded(host.code_host_id)
    return {release.repository: (release.state, release.wanted) for release in recorded}


async def problem(database: Database, name: str) -> str | None:
    host = await CodeHosts(database).find(name)
    assert host is not None
    return host.problem


async def complete_all(database: Database, data: DataDirectory) -> None:
    jobs = Jobs(database)
    hosts = [host.code_host_id for host in await CodeHosts(database).all()]
    for job in await jobs.claim_fairly(hosts, "w", 99, 60):
        await jobs.complete(job, resolution(job), download(job), report())
        data.repository(job.repository).mkdir(parents=True)


async def test_a_pin_moves_from_one_code_host_to_another(
    following: Following, database: Database, keyring: Keyring
) -> None:
    hosting, data = Hosting(database, keyring), following.data
    await hosting.add("one", document("a==1", "b==1"))
    await hosting.add("two", document("c==1"))
    await following.look()
    await complete_all(database, data)
    # In the wrong order: the second one takes it before the first one lets go.
    await hosting.edit("two", document("c==1", "a==1"))
    await following.look()
    assert "would both make the repository python/a/1" in (await problem(database, "two") or "")
    await hosting.edit("one", document("b==1"))
    await following.look()
    following.forget()
    for _ in range(2):
        await following.look()
    assert await problem(database, "two") is None
    assert await states(database, "one") == {"python/b/1": (JobState.COMPLETED, True)}
    assert await states(database, "two") == {
        "python/c/1": (JobState.COMPLETED, True),
        "python/a/1": (JobState.QUEUED, True),
    }
    assert not data.repository("python/a/1").exists()
    assert data.repository("python/b/1").exists()


async def test_a_name_that_two_code_hosts_want_is_refused_also_on_edit(
    following: Following, database: Database, keyring: Keyring
) -> None:
    hosting = Hosting(database, keyring)
    await hosting.add("one", document("a==1"))
    await hosting.add("two", document("b==1"))
    await following.look()
    await hosting.edit("two", document("a==1", "b==1", "c==1"))
    await following.look()
    assert await problem(database, "two") == (
        "The code hosts 'one' and 'two' would both make the repository python/a/1: give one of them another"
        " repositoryPathPattern, for example two/{project}/{version}."
    )
    assert await states(database, "two") == {"python/b/1": (JobState.QUEUED, True)}


class BrokenKeyring(Keyring):
    """Meets a defect at one code host."""

    def open(self, name: str, sealed: Sequence[SealedSecret]) -> tuple[KnownSecret, ...]:
        if name == "one":
            raise ZeroDivisionError
        return super().open(name, sealed)


async def test_a_defect_that_one_code_host_meets_does_not_stop_the_others(
    following: Following, database: Database, keyring: Keyring, tmp_path: Path
) -> None:
    following.keyring = BrokenKeyring(KeyPlace(file=tmp_path / "key", may_make=True))
    hosting = Hosting(database, keyring)
    await hosting.add("one", document("a==1"))
    await hosting.add("two", document("b==1"))
    assert await following.look() <= 30
    assert await problem(database, "one") == "A worker met an unexpected ZeroDivisionError: see its log."
    assert await states(database, "two") == {"python/b/1": (JobState.QUEUED, True)}
    # It gets over it by itself.
    following.keyring = keyring
    following.forget()
    for _ in range(2):
        await following.look()
    assert await problem(database, "one") is None
    assert await states(database, "one") == {"python/a/1": (JobState.QUEUED, True)}
