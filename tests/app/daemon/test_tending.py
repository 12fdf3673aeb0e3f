"""What any worker tidies up, on real databases and directories."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from codehost.app.daemon.tending import Tending
from codehost.model.jobs import JobState
from codehost.record.clock import MICROSECONDS
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.tables import releases
from codehost.record.workers import Workers
from tests.app.daemon.scene import Scene, document
from tests.record.helpers import download, let_leases_expire, report, resolution
from tests.walking import repositories_below

DAY = 86_400.0


def tending(here: Scene, *, grace: float = 7 * DAY, in_hand: tuple[str, ...] = ()) -> Tending:
    return Tending(
        database=here.database,
        data=here.posts.data,
        owner="me:1",
        lease=30.0,
        grace=grace,
        in_hand=lambda: in_hand,
    )


async def step(here: Scene, **settings: float) -> list[str]:
    """Tidy up once; the actions that were logged."""
    with capture_logs() as logged:
        await tending(here, **settings).step(asyncio.Event())  # type: ignore[arg-type]
    return [line["action"] for line in logged]


async def synced(here: Scene, pin: str = "six==1.0") -> int:
    """A code host whose one release has a repository, as far as the record and the directory say."""
    code_host_id = await here.add(document(pin))
    await here.following().look()
    jobs = Jobs(here.database)
    [job] = await jobs.claim(code_host_id, "me:1", 1, 30.0)
    place = here.posts.data.repository(job.repository)

    async def publish() -> None:
        await asyncio.to_thread(place.mkdir, parents=True)

    await jobs.complete(job, resolution(job), download(job), report(), publish)
    return code_host_id


async def retired_for(database: Database, seconds: float) -> None:
    moved = releases.c.retired_at - round(seconds * MICROSECONDS)
    async with database.write() as connection:
        await connection.execute(update(releases).where(releases.c.retired_at.is_not(None)).values(retired_at=moved))


def repositories(here: Scene) -> list[str]:
    return repositories_below(here.posts.data.repositories)


async def test_where_all_is_well_nothing_is_done(here: Scene) -> None:
    code_host_id = await synced(here)
    assert await step(here) == []
    assert repositories(here) == ["python/six/1.0.git"]
    assert await here.states(code_host_id) == {JobState.COMPLETED: 1}


async def test_leases_that_ran_out_go_back_to_the_queue(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0", "attrs==1.0"))
    await here.following().look()
    await Jobs(here.database).claim(code_host_id, "dead:1", 10, 30.0)
    assert await step(here) == []
    await let_leases_expire(here.database)
    assert await step(here) == ["leases_expired"]
    assert await here.states(code_host_id) == {JobState.QUEUED: 2}


async def test_files_of_the_dead_go_and_those_of_the_living_stay(here: Scene) -> None:
    workers, data = Workers(here.database), here.posts.data
    await workers.register("alive:2", "machine", 2, "1")
    for owner in ("dead:3", "alive:2", "me:1"):
        (data.owned_by(owner).staging / "1-1" / "git").mkdir(parents=True)
    await asyncio.to_thread((data.owned_by("alive:2").spool).mkdir)
    assert await step_with(here, in_hand=("1-1",)) == ["remains_cleared"]
    assert [path.name for path in sorted(data.everyone.staging.iterdir())] == ["alive%3A2", "me%3A1"]
    assert await step_with(here, in_hand=("1-1",)) == []


async def step_with(here: Scene, *, in_hand: tuple[str, ...]) -> list[str]:
    with capture_logs() as logged:
        await tending(here, in_hand=in_hand).step(asyncio.Event())
    return [line["action"] for line in logged]


async def test_a_retired_repository_stays_for_its_grace_and_then_goes(here: Scene) -> None:
    code_host_id = await synced(here)
    await here.edit(document("attrs==1.0"))
    await here.following().look()
    await retired_for(here.database, 7 * DAY - 60)
    assert await step(here) == []
    assert repositories(here) == ["python/six/1.0.git"]
    await retired_for(here.database, 120)
    assert await step(here) == ["pruned"]
    assert repositories(here) == []
    assert await Releases(here.database).retired(code_host_id) == []
    assert await here.states(code_host_id) == {JobState.QUEUED: 1}


async def test_a_removed_code_host_goes_with_its_last_repository(here: Scene) -> None:
    await synced(here)
    await here.hosting.remove("host")
    assert await step(here) == []
    assert await step(here, grace=0.0) == ["pruned", "host_forgotten"]
    assert await CodeHosts(here.database).find("host") is None


async def test_what_cannot_be_taken_away_stays_recorded_and_is_tried_again(here: Scene) -> None:
    code_host_id = await synced(here)
    await here.edit(document("attrs==1.0"))
    await here.following().look()
    data = here.posts.data
    # Where what is withdrawn goes to there is no folder, and none can be made.
    data.staging.rmdir()
    data.staging.write_text("")
    assert "prune_failed" in await step(here, grace=0.0)
    assert repositories(here) == ["python/six/1.0.git"]
    assert len(await Releases(here.database).retired(code_host_id)) == 1
    data.staging.unlink()
    data.staging.mkdir()
    assert await step(here, grace=0.0) == ["pruned"]
    assert repositories(here) == []


async def test_remains_that_cannot_be_listed_end_nothing(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0"))
    await here.following().look()
    await Jobs(here.database).claim(code_host_id, "dead:1", 10, 30.0)
    await let_leases_expire(here.database)
    whole = here.posts.data.everyone.staging
    whole.rename(whole.with_name("away"))
    try:
        assert await step(here) == ["leases_expired", "remains_kept"]
    finally:
        whole.with_name("away").rename(whole)


async def test_it_goes_on_until_it_is_stopped(here: Scene) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(tending(here).run(stop))
    await asyncio.sleep(0.1)
    assert not running.done()
    stop.set()
    await asyncio.wait_for(running, 5)


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_stop_ends_the_pruning(here: Scene, *, stopped: bool) -> None:
    await synced(here)
    await here.edit(document("attrs==1.0"))
    await here.following().look()
    stop = asyncio.Event()
    if stopped:
        stop.set()
    await tending(here, grace=0.0).step(stop)
    assert repositories(here) == (["python/six/1.0.git"] if stopped else [])
    assert isinstance(here.folder, Path)
