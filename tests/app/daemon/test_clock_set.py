"""The database's clock is set: nobody may be taken for dead because of that."""

import asyncio

from structlog.testing import capture_logs

from codehost.app.daemon.tending import Tending
from codehost.model.errors import Failure, Reason
from codehost.record.jobs import Jobs
from codehost.record.workers import Workers
from tests.app.daemon.scene import Scene, document
from tests.record.helpers import let_leases_expire


class Watch:
    """A clock that is never set; here it is the one that moves, which looks the same."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_nobody_is_taken_for_dead_until_all_have_been_seen_again(here: Scene) -> None:
    watch, everyone = Watch(), here.posts.data.everyone
    made = Tending(database=here.database, data=here.posts.data, owner="me:1", lease=30.0, grace=0.0, elapsed=watch)

    async def step() -> list[str]:
        with capture_logs() as logged:
            await made.step(asyncio.Event())
        return [line["action"] for line in logged]

    await Workers(here.database).register("me:1", "here", 1, "1")
    theirs = everyone.staging / "they:1"
    assert await step() == []
    for moved in (3_600.0, -3_600.0):
        theirs.mkdir()
        watch.now += moved
        assert await step() == ["clock_set"]
        assert await step() == []
        assert theirs.exists()
        watch.now += 4.0
        made._clock = None  # noqa: SLF001 - that these seconds pass here and not there is no step
        made._settles_at = watch.now  # noqa: SLF001 - instead of half a minute of waiting
        assert await step() == ["remains_cleared"]


async def test_its_own_jobs_are_not_taken_back(here: Scene) -> None:
    """After a sleep its leases have run out; while nobody has taken the jobs, it goes on with them."""
    code_host_id = await here.add(document("six==1.0"))
    await here.following().look()
    jobs = Jobs(here.database)
    [job] = await jobs.claim(code_host_id, "me:1", 1, 30.0)
    await let_leases_expire(here.database)
    await Tending(database=here.database, data=here.posts.data, owner="me:1", lease=30.0, grace=0.0).step(
        asyncio.Event()
    )
    await jobs.fail(job, Failure(Reason.NETWORK, "no answer"), 1.0)
