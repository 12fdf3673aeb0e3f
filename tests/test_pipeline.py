import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from codehost.children import ChildPool
from codehost.model.errors import Failure, Reason
from codehost.model.events import BytesReceived, Stage, StageEntered, Synced
from codehost.model.jobs import LeasedJob, LeaseLostError
from codehost.model.members import IngestRequest, Limits
from codehost.pipeline import Publish, uninterrupted
from codehost.record.database import open_database
from tests.record.helpers import let_leases_expire
from tests.simulator.distfiles import make_sdist
from tests.simulator.mirror import Fault, Mirror
from tests.wiring import (
    Bench,
    ThreadIngester,
    Watcher,
    add_sdist,
    bench,
    publish_only,
    published_repositories,
    remains,
)

PIN = "six==1.0"
PAGE = "/simple/six/"
FILE = "/files/six-1.0.tar.gz"
REPOSITORY = "python/six/1.0.git"


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


@pytest.fixture
async def parts(tmp_path: Path, mirror: Mirror) -> AsyncIterator[Bench]:
    async with open_database(None, tmp_path) as database, bench(database, tmp_path, mirror, [PIN]) as made:
        yield made


async def test_takes_a_release_through_the_stages(parts: Bench, mirror: Mirror) -> None:
    sha256 = add_sdist(mirror, PIN)
    (job,) = await parts.claim()
    async with ChildPool(1) as parts.ingester:
        synced = await parts.pipeline().run(job, publish_only)
    assert (synced.repository, synced.download.sha256, synced.resolution.mirror) == (
        "python/six/1.0",
        sha256,
        mirror.url,
    )
    assert [event.stage for event in parts.watcher.of(StageEntered)] == list(Stage)
    assert sum(event.count for event in parts.watcher.of(BytesReceived)) == synced.download.size
    assert published_repositories(parts.data) == [REPOSITORY]
    assert remains(parts.data) == []


async def test_replaces_a_repository_that_is_there(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)
    (job,) = await parts.claim()
    old = parts.data.repository(job.repository)
    old.mkdir(parents=True)
    (old / "old").touch()
    await parts.pipeline().run(job, publish_only)
    assert (old / "HEAD").exists()
    assert not (old / "old").exists()
    assert remains(parts.data) == []


DAMAGED = make_sdist("six", "1.0")[:-20]


@pytest.mark.parametrize(
    ("path", "fault", "reason"),
    [
        (PAGE, Fault(status=404), Reason.NOT_FOUND),
        (PAGE, Fault(status=403), Reason.AUTH),
        (PAGE, Fault(status=503, retry_after="60"), Reason.SERVER_ERROR),
        (PAGE, Fault(body=b"<form>Log in</form>"), Reason.BAD_PAGE),
        (FILE, Fault(status=404), Reason.FILE_NOT_FOUND),
        (FILE, Fault(status=429, retry_after="60"), Reason.THROTTLED),
        (FILE, Fault(body=b"other bytes"), Reason.HASH_MISMATCH),
    ],
)
async def test_a_mirror_that_fails_leaves_nothing(
    parts: Bench, mirror: Mirror, path: str, fault: Fault, reason: Reason
) -> None:
    add_sdist(mirror, PIN)
    mirror.fault(path, fault)
    (job,) = await parts.claim()
    with pytest.raises(Failure) as raised:
        await parts.pipeline().run(job, publish_only)
    assert raised.value.reason is reason
    assert remains(parts.data) == published_repositories(parts.data) == []


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (DAMAGED, Limits(), Reason.UNSAFE_ARCHIVE),
        (make_sdist("six", "1.0"), Limits(file_bytes=10), Reason.TOO_LARGE),
        (make_sdist("six", "1.0"), Limits(unpacked_bytes=10), Reason.TOO_LARGE),
    ],
)
async def test_an_archive_that_is_refused_leaves_nothing(
    parts: Bench, mirror: Mirror, data: bytes, limits: Limits, reason: Reason
) -> None:
    mirror.add("six-1.0.tar.gz", data)
    parts.config = replace(parts.config, limits=limits)
    (job,) = await parts.claim()
    with pytest.raises(Failure) as raised:
        await parts.pipeline().run(job, publish_only)
    assert (raised.value.reason, raised.value.mirror) == (reason, mirror.url)
    assert remains(parts.data) == published_repositories(parts.data) == []


async def test_a_disk_that_fails_is_a_storage_failure(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)

    async def full(request: IngestRequest) -> None:
        raise OSError(28, "No space left on device")

    parts.ingester = ThreadIngester(full)
    (job,) = await parts.claim()
    with pytest.raises(Failure, match=r"cannot be written \(No space left on device\)") as raised:
        await parts.pipeline().run(job, publish_only)
    assert raised.value.reason is Reason.STORAGE
    assert remains(parts.data) == published_repositories(parts.data) == []


def put_a_directory_at(path: Path) -> None:
    """Nothing can unlink it there."""
    path.unlink()
    path.mkdir()


async def test_trouble_with_clearing_up_does_not_hide_the_failure(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)

    async def crash(request: IngestRequest) -> None:
        put_a_directory_at(Path(request.archive))
        raise Failure(Reason.CRASHED, "the child died")

    parts.ingester = ThreadIngester(crash)
    (job,) = await parts.claim()
    with pytest.raises(Failure, match="the child died"):
        await parts.pipeline().run(job, publish_only)


@pytest.mark.parametrize("recorded", ["ab" * 32, None])
async def test_other_bytes_than_recorded_change_nothing(parts: Bench, mirror: Mirror, recorded: str | None) -> None:
    add_sdist(mirror, PIN, "first")
    (job,) = await parts.claim()
    first = await parts.pipeline().run(job, publish_only)
    packed_refs = parts.data.repository(job.repository) / "packed-refs"
    before = packed_refs.read_bytes(), packed_refs.stat().st_ino

    mirror.projects.clear()
    add_sdist(mirror, PIN, "second")
    parts.watcher = Watcher()
    with pytest.raises(Failure, match="has the sha256") as raised:
        await parts.pipeline().run(replace(job, recorded_sha256=recorded or first.download.sha256), publish_only)
    assert (raised.value.reason, raised.value.mirror) == (Reason.DIGEST_CHANGED, mirror.url)
    assert [event.stage for event in parts.watcher.of(StageEntered)] == [Stage.RESOLVE, Stage.DOWNLOAD]
    assert (packed_refs.read_bytes(), packed_refs.stat().st_ino) == before
    assert remains(parts.data) == []


async def test_another_file_of_the_release_is_no_alarm(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)
    (job,) = await parts.claim()
    recorded = replace(job, recorded_sha256="ab" * 32, recorded_file="six-1.0-py3-none-any.whl")
    assert (await parts.pipeline().run(recorded, publish_only)).resolution.file.filename == "six-1.0.tar.gz"
    with pytest.raises(Failure, match="has the sha256"):
        await parts.pipeline().run(replace(recorded, recorded_file="six-1.0.tar.gz"), publish_only)


async def record(parts: Bench, job: LeasedJob, synced: Synced, publish: Publish) -> None:
    await parts.jobs.complete(job, synced.resolution, synced.download, synced.report, publish)


async def test_published_and_recorded_in_one_step(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)
    (job,) = await parts.claim()
    await parts.pipeline().run(job, partial(record, parts, job))
    assert published_repositories(parts.data) == [REPOSITORY]
    assert remains(parts.data) == []
    assert await parts.reports.completed(parts.code_host_id)


async def test_who_comes_late_publishes_nothing(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)
    (late,) = await parts.claim()
    await let_leases_expire(parts.database)
    (current,) = await parts.claim("other")
    with pytest.raises(LeaseLostError):
        await parts.pipeline().run(late, partial(record, parts, late))
    assert remains(parts.data) == published_repositories(parts.data) == []
    await parts.pipeline().run(current, partial(record, parts, current))
    assert published_repositories(parts.data) == [REPOSITORY]


@pytest.mark.parametrize("published_already", [True, False])
async def test_who_sleeps_in_the_fence_and_wakes_up_later_publishes_nothing(
    parts: Bench, mirror: Mirror, *, published_already: bool
) -> None:
    """Its session was ended, so that another could take the job; the process knows nothing of it."""
    add_sdist(mirror, PIN)
    (late,) = await parts.claim()
    whole = parts.data
    inode = 0

    async def sleep_in_the_fence(_: Synced, publish: Publish) -> None:
        nonlocal inode
        if published_already:
            await publish()
        await let_leases_expire(parts.database)
        (current,) = await parts.claim("other")
        parts.data = whole.owned_by("current")
        await parts.pipeline().run(current, partial(record, parts, current))
        inode = whole.repository(current.repository).stat().st_ino
        await publish()

    parts.data = whole.owned_by("late")
    with pytest.raises(Failure, match="No such file") as raised:
        await parts.pipeline().run(late, sleep_in_the_fence)
    assert raised.value.reason is Reason.STORAGE
    repository = whole.repository(late.repository)
    assert repository.stat().st_ino == inode
    assert sorted(path.name for path in repository.iterdir()) == ["HEAD", "config", "objects", "packed-refs", "refs"]
    assert not any((whole.staging / name / f"1-{epoch}").exists() for name in ("late", "current") for epoch in (1, 2))


async def test_a_place_that_cannot_be_written_is_no_failure_of_the_database(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)
    (job,) = await parts.claim()

    async def lose_the_place(synced: Synced, publish: Publish) -> None:
        parts.data.repositories.rename(parts.data.root / "gone")
        parts.data.repositories.touch()
        await record(parts, job, synced, publish)

    with pytest.raises(Failure, match="the data directory cannot be written") as raised:
        await parts.pipeline().run(job, lose_the_place)
    assert raised.value.reason is Reason.STORAGE
    assert await parts.jobs.release(job)  # still in hand


class Canceller(Watcher):
    """Cancels the task when it enters a stage, at once or a little into it."""

    def __init__(self, stage: Stage, delay: float) -> None:
        super().__init__()
        self._stage = stage
        self._delay = delay

    def notify(self, event: object) -> None:
        task = asyncio.current_task()
        if isinstance(event, StageEntered) and event.stage is self._stage and task is not None:
            asyncio.get_running_loop().call_later(self._delay, task.cancel)


@pytest.mark.parametrize("delay", [0.0, 0.02])
@pytest.mark.parametrize("stage", [Stage.RESOLVE, Stage.DOWNLOAD, Stage.PACK])
async def test_a_cancellation_leaves_nothing(parts: Bench, mirror: Mirror, stage: Stage, delay: float) -> None:
    add_sdist(mirror, PIN)
    mirror.fault(PAGE, Fault(delay=0.1))
    mirror.fault(FILE, Fault(delay=0.1))
    parts.ingester = ThreadIngester(lambda _: asyncio.sleep(0.1))
    parts.watcher = Canceller(stage, delay)
    (job,) = await parts.claim()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(parts.pipeline().run(job, publish_only))
    assert remains(parts.data) == published_repositories(parts.data) == []


async def test_a_cancellation_while_a_child_works_leaves_nothing(parts: Bench, mirror: Mirror) -> None:
    mirror.add("six-1.0.tar.gz", make_sdist("six", "1.0", {f"{number}.txt": b"x" * 999 for number in range(20_000)}))
    parts.watcher = Canceller(Stage.PACK, 0.05)
    (job,) = await parts.claim()
    async with ChildPool(1) as parts.ingester:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(parts.pipeline().run(job, publish_only))
    assert remains(parts.data) == published_repositories(parts.data) == []


async def test_a_cancellation_after_publishing_began_comes_too_late(parts: Bench, mirror: Mirror) -> None:
    add_sdist(mirror, PIN)
    parts.watcher = Canceller(Stage.PUBLISH, 0.0)
    (job,) = await parts.claim()
    synced = await asyncio.create_task(parts.pipeline().run(job, publish_only))
    assert synced.repository == job.repository
    assert published_repositories(parts.data) == [REPOSITORY]
    assert remains(parts.data) == []


async def test_what_is_uninterrupted_ends_and_says_how() -> None:
    async def work(error: Exception | None) -> str:
        await asyncio.sleep(0.02)
        if error:
            raise error
        return "done"

    for error in (None, ValueError("broken")):
        task = asyncio.create_task(uninterrupted(work(error)))
        for _ in range(3):
            await asyncio.sleep(0.001)
            task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert outcome == "done" if error is None else outcome is error
