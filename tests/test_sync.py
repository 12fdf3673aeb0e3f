import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from codehost.model.codehosts import RateLimit
from codehost.model.jobs import JobState
from codehost.model.members import IngestRequest
from codehost.model.records import AttemptOutcome, ChangeKind
from codehost.model.summary import SyncSummary
from codehost.record.database import Database
from codehost.sync import INTERRUPTED, PAUSED
from tests.record.helpers import feed_of
from tests.simulator.mirror import Fault, Mirror
from tests.wiring import Bench, ThreadIngester, add_sdist, bench, publish_only, published_repositories, remains

SIX, ATTRS = "six==1.0", "attrs==2.0"
SIX_REPOSITORY, ATTRS_REPOSITORY = "python/six/1.0.git", "python/attrs/2.0.git"


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        for pin in (SIX, ATTRS):
            add_sdist(running, pin)
        yield running


@pytest.fixture
async def parts(database: Database, tmp_path: Path, mirror: Mirror) -> AsyncIterator[Bench]:
    async with bench(database, tmp_path, mirror, [SIX, ATTRS], queued=False) as made:
        yield made


async def run(parts: Bench, *pins: str, prune: bool = False) -> SyncSummary:
    return await parts.sync(*pins).run(asyncio.Event(), prune=prune)


async def kinds(parts: Bench) -> list[tuple[str, ChangeKind]]:
    return [(change.repository, change.kind) for change in await feed_of(parts.database)]


async def test_a_first_sync_and_a_second(parts: Bench, mirror: Mirror) -> None:
    first = await run(parts)
    assert (first.wanted, first.unchanged, first.synced, first.complete, first.unfinished) == (2, 0, 2, True, 0)
    assert (parts.watcher.total, first.failures, first.halted, first.retired) == (2, (), None, ())
    assert first.downloaded_bytes > 0
    assert first.seconds > 0
    before = mirror.paths()
    second = await run(parts)
    assert (second.wanted, second.unchanged, second.synced, second.complete) == (2, 2, 0, True)
    assert (parts.watcher.total, second.downloaded_bytes) == (0, 0)
    assert mirror.paths() == before


async def test_failures_are_told_and_tried_again(parts: Bench, mirror: Mirror) -> None:
    mirror.fault("/simple/attrs/", Fault(status=403))
    summary = await run(parts)
    assert (summary.synced, summary.complete, summary.unfinished) == (1, False, 0)
    assert [(failed.project, failed.reason) for failed in summary.failures] == [("attrs", "auth")]
    mirror.faults.clear()
    summary = await run(parts)
    assert (summary.unchanged, summary.synced, summary.failures, summary.complete) == (1, 1, (), True)


async def die_after_publishing(parts: Bench) -> None:
    """What a run leaves that is killed between publishing and recording, beside another in the middle of its work."""
    await parts.sync().plan([])
    first, *_ = await parts.claim()
    await parts.pipeline().run(first, publish_only)
    (parts.data.spool / "2-1.part").write_bytes(b"half")
    (parts.data.staging / "2-1" / "git" / "objects").mkdir(parents=True)
    (parts.data.staging / "elsewhere").symlink_to(parts.data.root)


async def test_recovery_takes_back_what_was_not_recorded(parts: Bench) -> None:
    await die_after_publishing(parts)
    assert published_repositories(parts.data) == [SIX_REPOSITORY]
    await parts.sync().recover()
    assert published_repositories(parts.data) == remains(parts.data) == []
    assert list(parts.data.repositories.iterdir()) == []
    counts = await parts.reports.counts(parts.code_host_id)
    assert (counts[JobState.QUEUED], counts[JobState.PROCESSING]) == (2, 0)


async def test_a_sync_after_a_crash_converges(parts: Bench) -> None:
    await die_after_publishing(parts)
    summary = await run(parts)
    assert (summary.synced, summary.complete) == (2, True)
    assert published_repositories(parts.data) == [ATTRS_REPOSITORY, SIX_REPOSITORY]
    assert remains(parts.data) == []
    details = await parts.reports.details("python/six/1.0")
    assert details is not None
    assert [attempt.outcome for attempt in details.attempts] == [AttemptOutcome.LOST, AttemptOutcome.COMPLETED]
    assert [kind for _, kind in await kinds(parts)] == [ChangeKind.CREATED] * 2


async def test_recovery_leaves_what_is_recorded(parts: Bench) -> None:
    await run(parts)
    await parts.sync().recover()
    assert published_repositories(parts.data) == [ATTRS_REPOSITORY, SIX_REPOSITORY]


async def test_a_paused_code_host_sends_nothing(parts: Bench, mirror: Mirror) -> None:
    parts.config = replace(parts.config, rate_limit=RateLimit(requests_per_hour=0))
    summary = await run(parts)
    assert (summary.halted, summary.unfinished, summary.complete) == (PAUSED, 2, False)
    assert mirror.requests == []
    parts.config = replace(parts.config, rate_limit=RateLimit(requests_per_hour=None))
    assert (await run(parts)).complete
    parts.config = replace(parts.config, rate_limit=RateLimit(requests_per_hour=0))
    summary = await run(parts)
    assert (summary.halted, summary.complete) == (None, True)  # nothing waits, so nothing is held up


async def test_a_full_disk_ends_it_with_a_sentence(parts: Bench) -> None:
    async def full(_: IngestRequest) -> None:
        raise OSError(28, "No space left on device")

    parts.ingester = ThreadIngester(full)
    summary = await run(parts)
    assert summary.halted is not None
    assert summary.halted.startswith("the data directory cannot be written (No space left on device). Free space")
    assert (summary.synced, summary.failures, summary.unfinished) == (0, (), 2)
    parts.ingester = ThreadIngester()
    assert (await run(parts)).complete


async def test_an_interruption_is_told_and_the_next_sync_goes_on(parts: Bench) -> None:
    stop = asyncio.Event()

    async def stop_now(_: IngestRequest) -> None:
        stop.set()
        await asyncio.sleep(30)

    parts.ingester = ThreadIngester(stop_now)
    summary = await parts.sync().run(stop, prune=True)
    assert (summary.halted, summary.synced, summary.unfinished) == (INTERRUPTED, 0, 2)
    parts.ingester = ThreadIngester()
    assert (await run(parts)).synced == 2


async def test_what_is_no_longer_pinned_is_kept_until_pruned(parts: Bench) -> None:
    await run(parts)
    summary = await run(parts, SIX)
    assert (summary.wanted, summary.unchanged, summary.retired, summary.pruned) == (1, 1, ("python/attrs/2.0",), ())
    assert published_repositories(parts.data) == [ATTRS_REPOSITORY, SIX_REPOSITORY]
    summary = await run(parts, SIX, prune=True)
    assert (summary.retired, summary.pruned) == (("python/attrs/2.0",), ("python/attrs/2.0",))
    assert published_repositories(parts.data) == [SIX_REPOSITORY]
    assert not parts.data.repository("python/attrs/2.0").parent.exists()
    assert remains(parts.data) == []
    assert (await run(parts, SIX, prune=True)).retired == ()
    assert (await kinds(parts))[-1] == ("python/attrs/2.0", ChangeKind.REMOVED)


async def test_an_interrupted_sync_prunes_nothing(parts: Bench) -> None:
    await run(parts)
    stop = asyncio.Event()
    stop.set()
    summary = await parts.sync(SIX).run(stop, prune=True)
    assert (summary.retired, summary.pruned) == (("python/attrs/2.0",), ())
    assert published_repositories(parts.data) == [ATTRS_REPOSITORY, SIX_REPOSITORY]


async def test_a_retired_pin_comes_back_without_a_request(parts: Bench, mirror: Mirror) -> None:
    await run(parts)
    await run(parts, SIX)
    before = mirror.paths()
    summary = await run(parts, SIX, ATTRS)
    assert (summary.unchanged, summary.synced, summary.retired, summary.complete) == (2, 0, (), True)
    assert mirror.paths() == before


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_a_prune_that_died_between_its_steps_is_finished_by_the_next(parts: Bench, *, withdrawn: bool) -> None:
    await run(parts)
    await run(parts, SIX)
    (retired,) = await parts.releases.retired(parts.code_host_id)
    assert await parts.releases.disown(retired.release_id)
    if withdrawn:
        # Died after the rename into the staging area, before the rest.
        parts.data.repository(retired.repository).rename(parts.data.staging / "withdrawn-2.0.git")
    summary = await run(parts, SIX, prune=True)
    assert (summary.pruned, summary.complete) == (("python/attrs/2.0",), True)
    assert published_repositories(parts.data) == [SIX_REPOSITORY]
    assert await parts.reports.details("python/attrs/2.0") is None
    assert remains(parts.data) == []
    assert (await kinds(parts))[-1] == ("python/attrs/2.0", ChangeKind.REMOVED)


async def test_a_pin_that_comes_back_after_half_a_prune_is_synced_again(parts: Bench) -> None:
    await run(parts)
    await run(parts, SIX)
    (retired,) = await parts.releases.retired(parts.code_host_id)
    assert await parts.releases.disown(retired.release_id)
    summary = await run(parts, SIX, ATTRS)
    assert (summary.unchanged, summary.synced, summary.complete) == (1, 1, True)
    assert published_repositories(parts.data) == [ATTRS_REPOSITORY, SIX_REPOSITORY]


async def test_changed_bytes_stop_a_repair(parts: Bench, mirror: Mirror) -> None:
    await run(parts)
    details = await parts.reports.details("python/six/1.0")
    assert details is not None
    await parts.jobs.requeue([details.release_id])
    mirror.projects.clear()
    for pin in (SIX, ATTRS):
        add_sdist(mirror, pin, "changed")
    summary = await run(parts)
    assert [failed.reason for failed in summary.failures] == ["digest-changed"]
    assert published_repositories(parts.data) == [ATTRS_REPOSITORY]
    after = await parts.reports.details("python/six/1.0")
    assert after is not None
    # Its repository is gone; what its file has to be is not forgotten.
    assert (after.sha256, after.commit) == (details.sha256, None)


async def test_what_is_away_without_a_release_that_vouches_for_it_is_told(parts: Bench) -> None:
    await run(parts)
    # Given up while it was to be made anew: its repository is still there, and nobody vouches for it.
    [six] = [one for one in await parts.releases.recorded(parts.code_host_id) if one.project == "six"]
    await parts.jobs.requeue([six.release_id])
    await parts.sync().recover()
    assert published_repositories(parts.data) == [ATTRS_REPOSITORY]
    assert (await kinds(parts))[2:] == [("python/six/1.0", ChangeKind.REMOVED)]
    await run(parts)
    assert (await kinds(parts))[3:] == [("python/six/1.0", ChangeKind.CREATED)]


async def test_a_restored_release_whose_repository_is_missing_is_told(parts: Bench) -> None:
    await run(parts)
    await run(parts, ATTRS)
    shutil.rmtree(parts.data.repository("python/six/1.0"))
    await run(parts, SIX, ATTRS)
    assert (await kinds(parts))[2:] == [
        ("python/six/1.0", ChangeKind.REMOVED),
        ("python/six/1.0", ChangeKind.CREATED),
    ]
