"""Circuits that workers share, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select, update

from codehost.model.circuits import PROBE, SECOND, Setback, Ticket
from codehost.model.errors import Failure, Reason
from codehost.model.events import Event, MirrorBack, MirrorRests
from codehost.model.workers import Circuit
from codehost.record.circuits import SharedCircuits, load_circuits
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.tables import circuits

URL = "https://pypi.example.com/simple"


def setback(reason: Reason = Reason.NETWORK, project: str = "flask", retry_after: float | None = None) -> Setback:
    return Setback(reason=reason, message="it is down", project=project, retry_after=retry_after)


@dataclass(slots=True)
class Watcher:
    events: list[Event] = field(default_factory=list)

    def notify(self, event: Event) -> None:
        self.events.append(event)


@dataclass(slots=True)
class Team:
    """Two workers of one code host, each with its own connections. ``refresh`` 0: they always read."""

    database: Database
    host: int
    one: SharedCircuits
    other: SharedCircuits
    watcher: Watcher

    async def rows(self) -> list[Circuit]:
        async with self.database.read() as connection:
            return await load_circuits(connection, self.host)

    async def pass_over(self, seconds: float) -> None:
        """Let time pass, by moving what is recorded into the past."""
        async with self.database.write() as connection:
            earlier = circuits.c.open_until - round(seconds * SECOND)
            await connection.execute(update(circuits).values(open_until=earlier))

    async def fail(self, count: int) -> None:
        for number in range(count):
            worker = (self.one, self.other)[number % 2]
            await worker.failed(await worker.admit(URL), setback())


@pytest.fixture
async def team(database_url: str, tmp_path: Path) -> AsyncIterator[Team]:
    async with open_database(database_url, tmp_path) as first, open_database(database_url, tmp_path) as second:
        host = await CodeHosts(first).save("host", "{}")
        watcher = Watcher()
        yield Team(
            database=first,
            host=host,
            one=SharedCircuits(first, host, watcher, refresh=0, jitter=lambda: 0.0),
            other=SharedCircuits(second, host, refresh=0, jitter=lambda: 0.0),
            watcher=watcher,
        )


async def refused(worker: SharedCircuits, url: str = URL) -> Failure:
    with pytest.raises(Failure) as caught:
        await worker.admit(url)
    assert caught.value.unasked
    return caught.value


async def test_failures_of_all_workers_open_one_circuit(team: Team) -> None:
    await team.fail(4)
    assert [row.failures for row in await team.rows()] == [4]
    await team.fail(1)
    for worker in (team.one, team.other):
        failure = await refused(worker)
        assert failure.retry_after == pytest.approx(30, abs=15)
        assert failure.reason is Reason.NETWORK
    assert [type(event) for event in team.watcher.events] == [MirrorRests, MirrorRests]
    # The other mirrors go on.
    assert await team.one.admit("https://other.example.com") == Ticket(url="https://other.example.com")


async def test_how_long_a_mirror_rests_can_be_asked_without_asking_it(team: Team) -> None:
    assert await team.one.rest(URL) == 0
    await team.fail(4)
    assert await team.one.rest(URL) == 0
    await team.fail(1)
    assert await team.one.rest(URL) == pytest.approx(30, abs=15)
    await team.pass_over(31)
    assert await team.one.rest(URL) == 0
    assert (await team.one.admit(URL)).probe


async def test_a_success_in_between_starts_the_count_again(team: Team) -> None:
    await team.fail(4)
    await team.other.succeeded(await team.other.admit(URL))
    assert await team.rows() == []
    await team.fail(4)
    assert await team.one.admit(URL) == Ticket(url=URL)


async def test_one_probe_decides(team: Team) -> None:
    await team.fail(5)
    await team.pass_over(31)
    probe = await team.one.admit(URL)
    assert probe.probe
    assert (await refused(team.other)).retry_after == pytest.approx(PROBE / SECOND, abs=15)
    await refused(team.one)
    await team.one.failed(probe, setback())
    assert (await refused(team.other)).retry_after == pytest.approx(60, abs=15)
    await team.pass_over(61)
    probe = await team.other.admit(URL)
    await team.other.succeeded(probe)
    assert await team.rows() == []
    assert await team.one.admit(URL) == Ticket(url=URL)


async def test_a_probe_that_died_or_learnt_nothing_is_followed_by_another(team: Team) -> None:
    await team.fail(5)
    await team.pass_over(31)
    assert (await team.one.admit(URL)).probe
    await refused(team.other)
    await team.pass_over(PROBE / SECOND)
    probe = await team.other.admit(URL)
    assert probe.probe
    await refused(team.one)
    await team.other.withdrawn(probe)
    assert (await team.one.admit(URL)).probe
    assert [row.failures for row in await team.rows()] == [5]


async def test_what_left_before_the_circuit_opened_changes_nothing(team: Team) -> None:
    early = [await team.one.admit(URL) for _ in range(3)]
    await team.fail(5)
    before = await team.rows()
    await team.one.succeeded(early[0])
    await team.one.failed(early[1], setback())
    await team.one.withdrawn(early[2])
    assert await team.rows() == before


async def test_throttling_opens_at_once_for_as_long_as_the_mirror_says(team: Team) -> None:
    await team.one.failed(await team.one.admit(URL), setback(Reason.THROTTLED, retry_after=600))
    failure = await refused(team.other)
    assert failure.reason is Reason.THROTTLED
    assert failure.retry_after == pytest.approx(600, abs=15)


async def test_log_in_counts_once_for_each_project(team: Team) -> None:
    for project in ("a", "a", "b", "b", "a"):
        await team.one.failed(await team.one.admit(URL), setback(Reason.AUTH, project))
    assert [row.failures for row in await team.rows()] == [2]
    await team.one.failed(await team.one.admit(URL), setback(Reason.AUTH, "c"))
    assert (await refused(team.other)).reason is Reason.AUTH


async def test_who_watches_hears_when_a_mirror_rests_and_is_back(team: Team) -> None:
    await team.one.failed(await team.one.admit(URL), setback(Reason.THROTTLED, retry_after=45))
    await team.pass_over(46)
    await team.one.succeeded(await team.one.admit(URL))
    assert team.watcher.events == [MirrorRests(mirror=URL, seconds=45.0, message="it is down"), MirrorBack(mirror=URL)]


async def test_what_is_known_is_read_every_few_seconds_only(team: Team) -> None:
    now = [0.0]
    worker = SharedCircuits(team.database, team.host, elapsed=lambda: now[0])
    assert await worker.admit(URL) == Ticket(url=URL)
    await team.fail(5)
    assert await worker.admit(URL) == Ticket(url=URL)
    now[0] = 5.0
    failure = await refused(worker)
    now[0] = 8.0
    assert (await refused(worker)).retry_after == pytest.approx((failure.retry_after or 0) - 3)


async def test_no_secret_and_nothing_unstorable_is_kept(team: Team) -> None:
    said = Setback(reason=Reason.THROTTLED, message="https://me:s3cret@x.example.com/\0 said no", project="a")
    await team.one.failed(await team.one.admit("https://me:s3cret@pypi.example.com/simple"), said)
    async with team.database.read() as connection:
        [row] = (await connection.execute(select(circuits))).all()
    assert "s3cret" not in str(row)
    assert row.url == URL


async def test_code_hosts_have_circuits_of_their_own(team: Team) -> None:
    await team.fail(5)
    other = await CodeHosts(team.database).save("other", "{}")
    assert await SharedCircuits(team.database, other).admit(URL) == Ticket(url=URL)
