"""Posts as they are opened, changed and left, with real children and the simulator's mirror."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from codehost.app.daemon.posts import ChildPools
from codehost.children import ChildLimits
from codehost.hands import Hands
from codehost.model.codehosts import CodeHostConfig, RateLimit
from codehost.model.events import Synced
from codehost.model.jobs import JobState
from codehost.model.members import Limits
from codehost.model.pins import parse_pin
from codehost.service import Post
from tests.app.daemon.scene import Scene
from tests.patience import eventually
from tests.record.helpers import pinned
from tests.simulator.mirror import Fault, Mirror
from tests.wiring import add_sdist, config_for

PAGE, FILE = "/simple/six/", "/files/six-1.0.tar.gz"


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        add_sdist(running, "six==1.0")
        yield running


def hands_of(here: Scene) -> Hands:
    assert here.posts.hands is not None
    return here.posts.hands


async def begin(here: Scene, code_host_id: int) -> None:
    hands = hands_of(here)
    [job] = await hands.claim([code_host_id], 1)
    hands.waiting.remove(job)
    hands.begin(job, here.posts.posts[code_host_id])


async def put(here: Scene, code_host_id: int, config: CodeHostConfig, priority: int = 100) -> Post:
    await here.posts.put(code_host_id, "host", priority, config)
    return here.posts.posts[code_host_id]


async def test_the_same_settings_change_nothing_but_the_priority(here: Scene, mirror: Mirror) -> None:
    code_host_id = await pinned(here.database, "six==1.0")
    config = config_for(mirror, "six==1.0")
    post = await put(here, code_host_id, config)
    other_pins = replace(config, pins=(parse_pin("attrs==1.0"),))
    assert await put(here, code_host_id, other_pins, priority=7) is post
    assert here.posts.priorities == {code_host_id: 7}
    assert len(here.opened) == 1


CHANGES = [
    {"rate_limit": RateLimit(requests_per_hour=9)},
    {"limits": Limits(members=9)},
    {"repository_pattern": "other/{project}/{version}"},
    {"mirrors": ()},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
async def test_other_settings_make_another_post(here: Scene, mirror: Mirror, change: dict[str, object]) -> None:
    code_host_id = await pinned(here.database, "six==1.0")
    config = config_for(mirror)
    post = await put(here, code_host_id, config)
    changed = replace(config, **change)  # type: ignore[arg-type]
    assert await put(here, code_host_id, changed) is not post
    assert (list(here.posts.posts), here.posts.priorities) == ([code_host_id], {code_host_id: 100})
    assert here.posts.posts[code_host_id].pipeline.config == changed


async def test_a_rotated_certificate_and_another_name_make_another_post(here: Scene, mirror: Mirror) -> None:
    code_host_id = await pinned(here.database)
    config = config_for(mirror)
    for name, certificates in (("host", {}), ("host", {"/ca": (1, 1, 1)}), ("host", {"/ca": (2, 1, 1)}), ("new", {})):
        await here.posts.put(code_host_id, name, 100, config, certificates)
    assert len(here.opened) == 4


async def test_what_is_in_flight_ends_where_it_began(here: Scene, mirror: Mirror) -> None:
    mirror.fault(FILE, Fault(delay=0.5))
    code_host_id = await pinned(here.database, "six==1.0")
    before = await put(here, code_host_id, config_for(mirror, requests_per_hour=50))
    await begin(here, code_host_id)
    await eventually(lambda: FILE in mirror.paths())
    after = await put(here, code_host_id, config_for(mirror, requests_per_hour=60))
    assert after is not before
    [doing] = here.posts.doing()
    assert (doing.repository, doing.stage) == ("python/six/1.0", "download")
    await asyncio.wait_for(hands_of(here).until_left(before), 20)
    assert await here.states(code_host_id) == {JobState.COMPLETED: 1}
    assert len(here.watcher.of(Synced)) == 1
    assert here.posts.doing() == ()


async def test_what_is_dropped_begins_nothing_and_closes_when_its_work_has_ended(here: Scene, mirror: Mirror) -> None:
    mirror.fault(FILE, Fault(delay=0.5))
    code_host_id = await pinned(here.database, "six==1.0")
    await put(here, code_host_id, config_for(mirror))
    await begin(here, code_host_id)
    await eventually(lambda: FILE in mirror.paths())
    here.posts.drop(code_host_id)
    here.posts.drop(code_host_id)
    assert (here.posts.posts, here.posts.priorities) == ({}, {})
    assert len(here.posts.doing()) == 1
    await asyncio.wait_for(here.posts.close(), 20)
    assert await here.states(code_host_id) == {JobState.COMPLETED: 1}


async def test_only_those_that_are_kept_stay(here: Scene, mirror: Mirror) -> None:
    ids = [await pinned(here.database, name=name) for name in ("a", "b", "c")]
    for number, code_host_id in enumerate(ids):
        await here.posts.put(code_host_id, f"host-{number}", 100, config_for(mirror))
    here.posts.keep_only({ids[1], 999})
    assert list(here.posts.posts) == [ids[1]]


async def test_what_is_told_of_waits(here: Scene, mirror: Mirror) -> None:
    code_host_id = await pinned(here.database, "six==1.0")
    post = await put(here, code_host_id, config_for(mirror, requests_per_hour=1))
    assert (here.posts.waits(), here.posts.held(), post.is_waiting()) == ((), (), False)
    assert await post.rests() == 0.0
    await begin(here, code_host_id)
    async with asyncio.timeout(10):
        while not here.posts.waits():  # noqa: ASYNC110 - the job does it
            await asyncio.sleep(0.01)
    [wait] = here.posts.waits()
    assert (wait.kind.value, wait.code_host, post.is_waiting()) == ("budget", "host", True)
    assert here.posts.held() == ("host",)
    assert mirror.paths() == [PAGE]


async def test_a_code_host_without_mirrors_waits_for_none(here: Scene) -> None:
    code_host_id = await pinned(here.database)
    post = await put(here, code_host_id, CodeHostConfig(mirrors=(), pins=()))
    assert await post.rests() == 0.0


SMALL, LARGE = ChildLimits(cpu_seconds=10), ChildLimits(cpu_seconds=20)


async def test_children_are_shared_by_those_with_the_same_limits() -> None:
    pools = ChildPools()
    async with pools.pool(SMALL) as one:
        async with pools.pool(SMALL) as other, pools.pool(LARGE) as larger:
            assert one is other
            assert larger is not one
        async with pools.pool(SMALL) as again:
            assert again is one
    async with pools.pool(SMALL) as later:
        assert later is not one
