import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codehost.app.daemon.pruning import DiskError, Pruning
from codehost.model.records import RetiredRelease
from codehost.pack.publish import publish
from codehost.record.database import Database
from codehost.record.releases import Releases
from tests.record.helpers import feed_of, pinned, replan
from tests.simulator.mirror import Mirror
from tests.wiring import Bench, add_sdist, bench, published_repositories


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> AsyncIterator[Bench]:
    async with Mirror() as mirror:
        add_sdist(mirror, "six==1.0")
        async with bench(database, tmp_path, mirror, ["six==1.0"]) as made:
            await made.worker().run(asyncio.Event())
            yield made


def pruning(parts: Bench) -> Pruning:
    return Pruning(database=parts.database, data=parts.data.owned_by("me:1"))


async def retired(parts: Bench) -> RetiredRelease:
    await replan(parts.database, parts.code_host_id, [])
    [release] = await Releases(parts.database).retired(parts.code_host_id)
    return release


async def test_a_retired_release_goes_with_its_repository(parts: Bench) -> None:
    release = await retired(parts)
    assert published_repositories(parts.data) == ["python/six/1.0.git"]
    assert await pruning(parts).remove(release)
    assert published_repositories(parts.data) == []
    assert [change.kind for change in await feed_of(parts.database)] == ["created", "removed"]
    assert not await pruning(parts).remove(release)


async def test_a_release_that_is_wanted_again_stays(parts: Bench) -> None:
    release = await retired(parts)
    await replan(parts.database, parts.code_host_id, ["six==1.0"])
    assert not await pruning(parts).remove(release)
    assert published_repositories(parts.data) == ["python/six/1.0.git"]


async def test_what_a_late_worker_has_staged_is_published_no_more(parts: Bench) -> None:
    """It stood still between its proof of the lease and the rename, and its session was ended meanwhile."""
    release = await retired(parts)
    job_id = await Releases(parts.database).job_of(release.release_id)
    staged = parts.data.owned_by("late:1").staging / f"{job_id}-7" / "git"
    staged.mkdir(parents=True)
    (staged / "HEAD").write_text("late")
    assert await pruning(parts).remove(release)
    with pytest.raises(FileNotFoundError):
        publish(staged, parts.data.repository(release.repository), parts.data.repositories)
    assert published_repositories(parts.data) == []


async def test_a_repository_that_cannot_be_taken_away_keeps_its_release(parts: Bench) -> None:
    release = await retired(parts)
    staging = parts.data.owned_by("me:1").staging
    staging.parent.mkdir(parents=True, exist_ok=True)
    staging.write_text("in the way")
    with pytest.raises(DiskError):
        await pruning(parts).remove(release)
    assert published_repositories(parts.data) == ["python/six/1.0.git"]
    staging.unlink()
    assert await pruning(parts).remove(release)


async def test_a_release_without_a_repository_goes_too(database: Database, tmp_path: Path) -> None:
    async with Mirror() as mirror, bench(database, tmp_path, mirror, []) as parts:
        host = await pinned(database, "six==1.0", name="other")
        await replan(database, host, [])
        [release] = await Releases(database).retired(host)
        assert await pruning(parts).remove(release)
        assert await feed_of(database) == []
