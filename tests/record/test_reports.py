"""What the record tells, and that telling it does not scan a large one."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState
from codehost.model.members import MAX_REMARKS, Skip, SkipReason
from codehost.model.pins import parse_pin
from codehost.model.records import Plan
from codehost.model.releases import Answer
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.record.texts import MAX_MESSAGE
from tests.record.helpers import MIRROR, PATTERN, SHA256, download, pinned, report, resolution


async def mixed(database: Database) -> int:
    """A code host with a release in each state but cancelled, and two retired ones."""
    pins = ("done==1.0", "errored==1", "failed==1", "gone==1", "held==1", "queued==1", "dropped==1")
    host = await pinned(database, *pins)
    jobs = Jobs(database)
    done, errored, failed, gone, _held = await jobs.claim(host, "w", 5, 60)
    for job in (done, gone):
        await jobs.complete(job, resolution(job, yanked="bad"), download(job), report())
    await jobs.fail(errored, Failure(Reason.NETWORK, "refused", mirror=MIRROR), 3_600)
    await jobs.fail(failed, Failure(Reason.UNSAFE_ARCHIVE, "ambiguous"), None)
    recorded = await Releases(database).recorded(host)
    retired = tuple(release for release in recorded if release.project in {"gone", "dropped"})
    await Releases(database).apply_plan(host, Plan(repository_pattern=PATTERN, retire=retired))
    return host


async def test_counts(database: Database) -> None:
    host = await mixed(database)
    assert await Reports(database).counts(host) == {
        JobState.QUEUED: 1,
        JobState.PROCESSING: 1,
        JobState.COMPLETED: 1,
        JobState.ERRORED: 1,
        JobState.FAILED: 1,
        JobState.CANCELLED: 0,
    }
    assert sum((await Reports(database).counts(host + 1)).values()) == 0


async def test_failures(database: Database) -> None:
    host = await mixed(database)
    errored, failed = await Reports(database).failures(host)
    assert (errored.project, errored.pinned_version, errored.state) == ("errored", "1", JobState.ERRORED)
    assert (errored.reason, errored.message, errored.attempts) == ("network", f"refused (mirror {MIRROR})", 1)
    assert errored.not_before is not None
    assert (failed.project, failed.reason, failed.message) == ("failed", "unsafe-archive", "ambiguous")
    assert failed.not_before is None


async def test_outcomes(database: Database) -> None:
    host = await mixed(database)
    outcomes = [outcome async for outcome in Reports(database).outcomes(host)]
    assert [(outcome.project, outcome.state.value, outcome.reason) for outcome in outcomes] == [
        ("done", "completed", None),
        ("errored", "errored", "network"),
        ("failed", "failed", "unsafe-archive"),
        ("held", "processing", None),
        ("queued", "queued", None),
    ]
    done = outcomes[0]
    assert (done.version, done.pinned_version, done.repository) == ("1", "1.0", "python/done/1.0")
    assert (done.commit, done.mirror, done.sha256, done.skipped) == ("c" * 40, MIRROR, SHA256, 1)
    assert done.file_name == "done-1.0.tar.gz"


async def test_outcomes_come_in_pages(database: Database) -> None:
    host = await pinned(database, *(f"p{number}==1" for number in range(10_000)))
    outcomes = [outcome.project async for outcome in Reports(database).outcomes(host)]
    assert outcomes == [f"p{number}" for number in range(10_000)]


async def test_details(database: Database) -> None:
    await mixed(database)
    found = await Reports(database).details("python/done/1.0")
    assert found is not None
    assert (found.code_host, found.project, found.version, found.pinned_version) == ("host", "done", "1", "1.0")
    assert (found.wanted, found.state, found.yanked) == (True, JobState.COMPLETED, "bad")
    assert (found.hashes, found.verified, found.size) == ({"sha256": SHA256}, ("sha256",), 10)
    assert found.asked == (Answer(mirror=MIRROR, page_url=f"{MIRROR}/done/", said="has done-1.0.tar.gz"),)
    assert (found.files, found.unpacked_bytes, found.packed_bytes, found.skipped) == (3, 100, 60, 1)
    assert found.skips == (Skip(path="a\N{REPLACEMENT CHARACTER}b\\udcff", reason=SkipReason.UNSAFE_NAME, size=5),)
    assert found.synced_at is not None
    assert found.created_at <= found.synced_at
    assert found.retired_at is None
    assert [attempt.number for attempt in found.attempts] == [1]


async def test_remarks_are_kept_bounded_and_replaced_by_the_next_sync(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs, reports = Jobs(database), Reports(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    hostile = ("a\0b\udcff\x1b[2J", "https://user:secret@m.example/x", "x" * 5_000, *("again",) * 200)
    await jobs.complete(job, resolution(job), download(job), report(remarks=hostile))
    found = await reports.details("python/a/1")
    assert found is not None
    assert found.remarks[:2] == ("a\N{REPLACEMENT CHARACTER}b\\udcff\x1b[2J", "https://m.example/x")
    assert (len(found.remarks), len(found.remarks[2])) == (MAX_REMARKS, MAX_MESSAGE)
    await jobs.requeue([job.release_id])
    [again] = await jobs.claim(host, "w", 1, 60)
    await jobs.complete(again, resolution(again), download(again), report())
    found = await reports.details("python/a/1")
    assert found is not None
    assert found.remarks == ()


async def test_what_a_page_says_is_kept_bounded(database: Database) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    plain, long = resolution(job), "x" * 1_000_000
    file = replace(plain.file, hashes={"md5": "ab", long: "ab", "sha1": "a" * 1_000}, upload_time=long)
    file = replace(file, url=f"{plain.file.url}/{long}", yanked=f"https://user:secret@h/{long}", requires_python=long)
    skips = (Skip(path=long, reason=SkipReason.UNSAFE_NAME, size=5),)
    await Jobs(database).complete(job, replace(plain, file=file), download(job), replace(report(), skips=skips))
    found = await Reports(database).details("python/a/1")
    assert found is not None
    assert found.hashes == {"md5": "ab"}
    assert str(found.yanked).startswith("https://h/x")
    for text in (found.upload_time, found.yanked, found.requires_python, found.file_url, found.skips[0].path):
        assert 2_000 < len(text or "") <= MAX_MESSAGE


async def test_details_of_what_was_never_synced(database: Database) -> None:
    await mixed(database)
    reports = Reports(database)
    assert await reports.details("python/nothing/1") is None
    queued = await reports.details("python/queued/1")
    assert queued is not None
    assert (queued.commit, queued.hashes, queued.asked, queued.yanked, queued.attempts) == (None, {}, (), None, ())
    assert queued.remarks == ()


async def test_names_of_a_release(database: Database) -> None:
    await mixed(database)
    await pinned(database, "done==1", name="other", pattern="other/{project}/{version}")
    reports = Reports(database)
    assert await reports.names_of(parse_pin("Done == 1.0.0").release) == ["python/done/1.0", "other/done/1"]
    assert await reports.names_of(parse_pin("done==2").release) == []


async def test_completed(database: Database) -> None:
    host = await mixed(database)
    other = await pinned(database, "other==1", name="other")
    jobs = Jobs(database)
    [job] = await jobs.claim(other, "w", 1, 60)
    await jobs.complete(job, resolution(job), download(job), report())
    reports = Reports(database)
    done, *retired = await reports.completed(host)
    assert (done.repository, done.commit, done.pinned_version) == ("python/done/1.0", "c" * 40, "1.0")
    assert {release.repository for release in await reports.completed()} == {
        "python/done/1.0",
        "python/other/1",
        *(release.repository for release in retired),
    }
    assert retired  # its repository is still there, so it is still vouched for


async def plans_of(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    async with database.read() as connection:
        return [
            row.detail
            for statement, parameters in statements
            if statement.startswith(("SELECT", "UPDATE", "DELETE")) and "FROM (SELECT" not in statement
            for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.mark.parametrize("call", ["claim", "heartbeat", "counts", "reclaim_all", "retired"])
async def test_nothing_frequent_scans_a_table(call: str, sqlite_url: str, tmp_path: Path) -> None:
    async with open_database(sqlite_url, tmp_path) as database:
        host = await mixed(database)
        statements: list[tuple[str, Any]] = []

        def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            statements.append((statement, parameters))

        event.listen(database._engine.sync_engine, "before_cursor_execute", note)  # noqa: SLF001 - to see the SQL
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "claim": lambda: Jobs(database).claim(host, "w", 8, 60),
            "heartbeat": lambda: Jobs(database).heartbeat("w", 60),
            "counts": lambda: Reports(database).counts(host),
            "reclaim_all": lambda: Jobs(database).reclaim_all(host),
            "retired": lambda: Releases(database).retired(host),
        }
        await calls[call]()
        steps = await plans_of(database, list(statements))
    assert any("USING" in step for step in steps)
    # A constant row is the clock's; a subquery's scan is of a handful of rows already found.
    scans = [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step and "SUBQUERY" not in step]
    assert scans == []
