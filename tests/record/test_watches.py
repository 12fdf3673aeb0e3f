"""Looks that are due: taken by one worker, stored whole or not at all."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from codehost.model.ports import Validators
from codehost.model.records import Change, ChangeKind
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.marks import Marked, Marks
from codehost.record.reports import Reports
from codehost.record.tables import jobs
from codehost.record.watches import LEASE, MISSING, Looked, Watch, Watches
from tests.record.helpers import feed_of
from tests.record.watched import COMMIT, MIRROR, change_release, change_watch, released, synced, watched

DAY = 86_400.0
TAGS = Validators(etag='"one"', last_modified="Tue, 02 Jan 2024 03:04:05 GMT")


def looked(watch: Watch, *marked: Marked, message: str | None = None, again_in: float = DAY) -> Looked:
    return Looked(
        watch=watch,
        mirror=watch.mirror,
        page_url=watch.page_url,
        validators=TAGS,
        message=message,
        marked=marked,
        again_in=again_in,
    )


async def all_due(database: Database, host: int) -> list[Watch]:
    """Every look, as if its time had come."""
    for row in await watched(database):
        await change_watch(database, row.project, next_at=clock() - 1)
    return await Watches(database).due(host, 100)


async def only(database: Database, host: int) -> Watch:
    [watch] = await all_due(database, host)
    return watch


async def test_first_looks_are_spread_over_the_interval(database: Database) -> None:
    host = await synced(database, *(f"p{number}==1" for number in range(10)))
    await synced(database, "unsynced==1", commit=None)
    await synced(database, "retired==1", wanted=False)
    numbers = iter(range(10))
    watches = Watches(database, jitter=lambda: next(numbers) / 10)
    assert await watches.enrol(host, DAY) == 10
    assert await watches.enrol(host, DAY) == 0
    rows = await watched(database)
    waits = sorted(row.next_at - rows[0].looked_at for row in rows)
    # All were seen an hour ago, when they were synced.
    assert [round(wait / 1_000_000) for wait in waits] == [3_600 + number * 8_640 for number in range(10)]
    assert (await watches.count(host), await watches.due_in(host)) == (10, 0)
    assert [watch.project for watch in await watches.due(host, 10)] == [rows[0].project]
    assert await watches.due_in(host) == pytest.approx(LEASE, abs=5)


async def test_the_longest_overdue_come_first_and_each_is_taken_once(database: Database) -> None:
    host = await synced(database, "a==1", "b==1", "c==1")
    watches = Watches(database, jitter=lambda: 0.0)
    await watches.enrol(host, DAY)
    await change_watch(database, "b", next_at=5)
    assert [watch.project for watch in await watches.due(host, 2)] == ["b", "a"]
    assert [watch.project for watch in await watches.due(host, 2)] == ["c"]
    assert await watches.due(host, 2) == []


async def test_what_is_taken(database: Database) -> None:
    host = await synced(database, "a==1.0", "a==2")
    await synced(
        database, "a==3", wanted=False, yanked=True, yanked_reason=None, quarantined=True, gone_at=7, alarm="x"
    )
    await synced(database, "a==4", commit=None)
    await Watches(database).enrol(host, DAY)
    watch = await only(database, host)
    assert (watch.project, watch.mirror, watch.page_url) == ("a", MIRROR, f"{MIRROR}/a/")
    assert (watch.validators, watch.missed, watch.confirmable) == (Validators(), False, False)
    assert [(one.version, one.repository) for one in watch.releases] == [
        ("1", "host/a/1.0"),
        ("2", "host/a/2"),
        ("3", "host/a/3"),
    ]
    assert watch.releases[0].marks == Marks()
    assert watch.releases[2].marks == Marks(yanked="", quarantined=True, gone=True, alarm="x")


async def test_marks_are_stored_with_the_feed(database: Database) -> None:
    host = await synced(database, "a==1", "a==2")
    await Watches(database).enrol(host, DAY)
    watch = await only(database, host)
    one, two = watch.releases
    marks = (
        Marked(release=two, marks=Marks(gone=True)),
        Marked(release=one, marks=Marks(yanked="bad", quarantined=True, alarm="odd")),
    )
    assert await Watches(database).store(looked(watch, *marks))
    first, second = await released(database, "host/a/1"), await released(database, "host/a/2")
    assert (first.yanked, first.yanked_reason, first.quarantined, first.alarm) == (True, "bad", True, "odd")
    assert (first.gone_at, first.commit) == (None, COMMIT)
    assert (second.yanked, second.quarantined, second.alarm) == (False, False, None)
    assert second.gone_at >= watch.taken_at
    changes = await feed_of(database)
    assert changes == [
        Change(
            sequence=number,
            code_host_id=host,
            repository=f"host/a/{number}",
            project="a",
            version=str(number),
            kind=ChangeKind.MARKED,
            commit=COMMIT,
            at=changes[number - 1].at,
            code_host="host",
        )
        for number in (1, 2)
    ]
    [row] = await watched(database)
    assert (row.etag, row.last_modified, row.message) == (TAGS.etag, TAGS.last_modified, None)
    assert row.looked_at == watch.taken_at
    assert row.next_at - row.looked_at == pytest.approx(DAY * 1_000_000, abs=5_000_000)
    again = await only(database, host)
    assert again.validators == TAGS
    assert [release.marks for release in again.releases] == [marks[1].marks, marks[0].marks]


async def test_since_when_a_file_is_gone_is_kept_until_it_is_back(database: Database) -> None:
    host = await synced(database, "a==1", gone_at=7)
    await Watches(database).enrol(host, DAY)
    for marks, gone_at in ((Marks(gone=True, quarantined=True), 7), (Marks(), None)):
        watch = await only(database, host)
        assert await Watches(database).store(looked(watch, Marked(release=watch.releases[0], marks=marks)))
        assert (await released(database, "host/a/1")).gone_at == gone_at


async def test_without_marks_the_feed_is_silent(database: Database) -> None:
    host = await synced(database, "a==1")
    await Watches(database).enrol(host, DAY)
    assert await Watches(database).store(looked(await only(database, host)))
    assert await feed_of(database) == []


async def test_of_two_workers_with_one_look_the_first_counts(database: Database) -> None:
    host = await synced(database, "a==1")
    await Watches(database).enrol(host, DAY)
    slow, quick = await only(database, host), await only(database, host)
    assert await Watches(database).store(looked(quick))
    assert not await Watches(database).store(looked(slow, Marked(release=slow.releases[0], marks=Marks(gone=True))))
    assert (await released(database, "host/a/1")).gone_at is None
    assert await feed_of(database) == []


async def test_a_release_that_was_synced_meanwhile_is_not_marked(database: Database) -> None:
    host = await synced(database, "a==1", "a==2")
    await Watches(database).enrol(host, DAY)
    watch = await only(database, host)
    await change_release(database, "host/a/1", synced_at=clock())
    marked = (Marked(release=release, marks=Marks(gone=True)) for release in watch.releases)
    assert await Watches(database).store(looked(watch, *marked))
    assert [change.repository for change in await feed_of(database)] == ["host/a/2"]
    assert (await released(database, "host/a/1")).gone_at is None


async def test_validators_do_not_outlive_a_sync_of_the_project(database: Database) -> None:
    host = await synced(database, "a==1")
    await Watches(database).enrol(host, DAY)
    await Watches(database).store(looked(await only(database, host)))
    await synced(database, "a==2", synced_at=clock())
    assert (await only(database, host)).validators == Validators()


async def test_what_is_wanted_no_more_is_watched_no_more(database: Database) -> None:
    host = await synced(database, "a==1", "b==1")
    await Watches(database).enrol(host, DAY)
    await change_release(database, "host/a/1", wanted=False)
    assert [watch.project for watch in await all_due(database, host)] == ["b"]
    assert [row.project for row in await watched(database)] == ["b"]
    assert (await released(database, "host/a/1")).commit == COMMIT


async def test_a_clock_that_was_ahead_does_not_put_looks_off_for_ever(database: Database) -> None:
    host = await synced(database, "a==1")
    watches = Watches(database)
    await watches.enrol(host, DAY)
    await watches.store(looked(await only(database, host)))
    year = 365 * 86_400_000_000
    await change_watch(database, "a", looked_at=clock() + year, next_at=clock() + year)
    [watch] = await watches.due(host)
    assert watch.validators == Validators()
    assert await watches.due(host) == []
    assert await watches.store(looked(watch))
    assert await watches.due_in(host) == pytest.approx(DAY, abs=5)


# How the other projects of the mirror fared since the first answer that the project is missing.
WITNESSES = [
    ((), True),
    (((MIRROR, None, 1),), True),
    (((MIRROR, None, -1),), False),
    (((MIRROR, MISSING, 1),), False),
    (((MIRROR, "network: no answer", 1),), False),
    (((MIRROR, MISSING, 1), (MIRROR, None, 1)), True),
    # Another mirror says nothing of this one.
    ((("https://other.example/simple", None, 1),), True),
]


@pytest.mark.parametrize(("others", "confirmable"), WITNESSES)
async def test_a_missing_project_needs_a_mirror_that_is_well(
    database: Database, others: tuple[tuple[str, str | None, int], ...], *, confirmable: bool
) -> None:
    host = await synced(database, "a==1", *(f"b{number}==1" for number in range(len(others))))
    await Watches(database).enrol(host, DAY)
    [watch, *_] = sorted(await all_due(database, host), key=lambda one: one.project)
    await Watches(database).store(looked(watch, message=MISSING))
    for number, (mirror, message, later) in enumerate(others):
        looked_at = watch.taken_at + later * 1_000
        await change_watch(database, f"b{number}", mirror=mirror, message=message, looked_at=looked_at)
    [again, *_] = sorted(await all_due(database, host), key=lambda one: one.project)
    assert (again.project, again.missed, again.confirmable) == ("a", True, confirmable)


async def test_marks_are_among_the_details_of_a_release(database: Database) -> None:
    host = await synced(database, "a==1", quarantined=True, gone_at=7, alarm="odd")
    row = await released(database, "host/a/1")
    values = {"release_id": row.id, "code_host_id": host, "project": "a", "state": "completed", "priority": 0}
    async with database.write() as connection:
        await connection.execute(insert(jobs).values(**values, attempts=1, epoch=1, queued_at=0))
    details = await Reports(database).details("host/a/1")
    assert details is not None
    assert (details.quarantined, details.gone_at, details.alarm) == (True, 7, "odd")


async def test_no_secret_and_no_nul_is_stored(database: Database) -> None:
    host = await synced(database, "a==1")
    await Watches(database).enrol(host, DAY)
    watch = await only(database, host)
    answer = replace(looked(watch), page_url="https://u:secret@m.example/a\0/", message="https://u:secret@x.example\0")
    assert await Watches(database).store(answer)
    [row] = await watched(database)
    assert (row.page_url, row.message) == ("https://m.example/a\ufffd/", "https://x.example\ufffd")
