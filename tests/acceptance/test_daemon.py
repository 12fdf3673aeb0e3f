"""``codehost worker`` as people run it: as processes that follow documents, share work, are stopped and killed."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.fleet import Fleet, fleet
from tests.acceptance.program import Desk
from tests.simulator.mirror import Fault, Mirror
from tests.walking import repositories_below
from tests.wiring import add_sdist


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


@pytest.fixture
async def crew(database_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def small_crew(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet(sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
async def large_crew(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet(postgresql_url, tmp_path) as made:
        yield made


def serve(mirror: Mirror, *pins: str, delay: float = 0.0) -> None:
    for pin in pins:
        add_sdist(mirror, pin)
        if delay:
            project, version = pin.split("==")
            mirror.fault(mirror.file_path(f"{project}-{version}.tar.gz"), Fault(delay=delay))


def numbered(count: int) -> list[str]:
    return [f"p{number}==1.0" for number in range(count)]


def published(desk: Desk) -> list[str]:
    return repositories_below(desk.data / "repos")


def leftovers(desk: Desk) -> list[str]:
    # Workers go on meanwhile: os.walk passes over what they have just taken away.
    walked = (found for area in ("spool", "staging") for found in os.walk(desk.data / area))
    return sorted(f"{folder}/{name}" for folder, folders, files in walked for name in (*folders, *files))


async def assert_ended_well(crew: Fleet) -> None:
    """No lease, no worker, nothing half done."""
    assert await crew.rows("SELECT id FROM jobs WHERE owner IS NOT NULL OR state = 'processing'") == []
    assert await crew.rows("SELECT owner FROM workers") == []
    assert leftovers(crew.desk) == []


async def test_a_document_is_followed_within_seconds(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, "six==1.0", "six==2.0", "attrs==1.0")
    worker = await crew.start("--grace", "0", "--lease-seconds", "4")
    assert await worker.until_said("worker_started")
    crew.desk.configure([mirror.url], ["six==1.0", "nowhere==1.0"])
    await crew.hosts("add", str(crew.desk.config))
    await crew.until_states(completed=1, errored=1)
    crew.desk.configure([mirror.url], ["six==2.0", "attrs==1.0"])
    await crew.hosts("edit", "host", str(crew.desk.config))

    async def followed() -> bool:
        return published(crew.desk) == ["python/attrs/1.0.git", "python/six/2.0.git"]

    await crew.until(followed)
    await crew.hosts("remove", "host", "--yes")

    async def gone() -> bool:
        return published(crew.desk) == []

    await crew.until(gone)
    worker.send(signal.SIGTERM)
    ended = await worker.finished()
    assert ended.status == 0, ended.said
    await assert_ended_well(crew)


async def test_a_paused_code_host_waits(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, *numbered(2))
    crew.desk.configure([mirror.url], ["p0==1.0"])
    await crew.hosts("add", str(crew.desk.config))
    await crew.hosts("pause", "host")
    worker = await crew.start()
    assert await worker.until_said("action=planned")
    await asyncio.sleep(1)
    assert await crew.states() == {"queued": 1}
    await crew.hosts("resume", "host")
    await crew.until_states(completed=1)


async def test_what_a_stop_interrupts_goes_back_to_the_queue(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, *numbered(6), delay=30)
    crew.desk.configure([mirror.url], numbered(6))
    await crew.hosts("add", str(crew.desk.config))
    worker = await crew.start("--stop-within", "0.5", "--concurrency", "3")

    async def in_flight() -> bool:
        return any("/files/" in path for path in mirror.paths())

    await crew.until(in_flight)
    worker.send(signal.SIGTERM)
    ended = await worker.finished()
    assert ended.status == 0, ended.said
    assert await crew.states() == {"queued": 6}
    assert await crew.rows("SELECT id FROM jobs WHERE attempts > 0 OR losses > 0") == []
    await assert_ended_well(crew)


async def test_what_is_in_flight_may_end_before_the_stop(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, *numbered(4), delay=1)
    crew.desk.configure([mirror.url], numbered(4))
    await crew.hosts("add", str(crew.desk.config))
    worker = await crew.start("--stop-within", "20", "--concurrency", "2")

    async def in_flight() -> bool:
        return sum("/files/" in path for path in mirror.paths()) >= 2

    await crew.until(in_flight)
    worker.send(signal.SIGTERM)
    ended = await worker.finished()
    assert ended.status == 0, ended.said
    assert await crew.states() == {"completed": 2, "queued": 2}
    await assert_ended_well(crew)


async def test_once_works_until_nothing_is_due(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, *numbered(5))
    crew.desk.configure([mirror.url], [*numbered(5), "nowhere==1.0"])
    crew.desk.forks = False
    worker = await crew.start("--once", config=crew.desk.config)
    ended = await worker.finished()
    assert ended.status == 0, ended.said
    assert await crew.states() == {"completed": 5, "errored": 1}
    await assert_ended_well(crew)


async def test_two_workers_share_the_work_and_no_job_runs_twice(large_crew: Fleet, mirror: Mirror) -> None:
    crew, pins = large_crew, numbered(60)
    serve(mirror, *pins, delay=0.1)
    workers = [await crew.start("--concurrency", "4") for _ in range(2)]
    for worker in workers:
        assert await worker.until_said("worker_started")
    crew.desk.configure([mirror.url], pins)
    await crew.hosts("add", str(crew.desk.config))
    await crew.until_states(completed=60)
    attempts = await crew.rows("SELECT job_id, owner, outcome FROM attempts")
    assert sorted(job_id for job_id, _, outcome in attempts if outcome == "completed") == sorted(
        {job_id for job_id, _, _ in attempts}
    )
    assert len({owner for _, owner, _ in attempts}) == 2
    files = [path for path in mirror.paths() if path.startswith("/files/")]
    assert len(files) == len(set(files)) == 60
    for worker in workers:
        worker.send(signal.SIGTERM)
    for worker in workers:
        assert (await worker.finished()).status == 0
    await assert_ended_well(crew)


async def test_what_a_killed_worker_had_in_hand_another_takes_over(large_crew: Fleet, mirror: Mirror) -> None:
    crew, pins = large_crew, numbered(20)
    serve(mirror, *pins, delay=0.5)
    crew.desk.configure([mirror.url], pins)
    victim = await crew.start("--lease-seconds", "3", config=crew.desk.config)

    async def in_flight() -> bool:
        return any("/files/" in path for path in mirror.paths())

    await crew.until(in_flight)
    victim.send(signal.SIGKILL)
    await victim.finished()
    assert await crew.rows("SELECT id FROM jobs WHERE state = 'processing'") != []
    other = await crew.start("--lease-seconds", "3", config=crew.desk.config)
    await crew.until_states(completed=20)
    other.send(signal.SIGTERM)
    assert (await other.finished()).status == 0


async def test_lost_connections_lose_no_job(large_crew: Fleet, mirror: Mirror) -> None:
    crew, pins = large_crew, numbered(60)
    serve(mirror, *pins, delay=0.1)
    crew.desk.configure([mirror.url], pins)
    worker = await crew.start("--lease-seconds", "4", "--concurrency", "4", config=crew.desk.config)
    for _ in range(3):
        assert await worker.until_said("action=synced")
        await crew.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await asyncio.sleep(0.5)
    await crew.until_states(completed=60)
    assert len(published(crew.desk)) == 60
    worker.send(signal.SIGTERM)
    assert (await worker.finished()).status == 0
    await assert_ended_well(crew)


async def test_a_file_is_followed_kept_when_it_is_invalid_and_removed_with_it(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, *numbered(3))
    folder = crew.desk.folder / "configs"
    folder.mkdir()
    file = folder / "team.jsonc"
    file.write_text(json.dumps({"urls": [mirror.url], "dependencies": ["p0==1.0"]}))
    worker = await crew.start("--grace", "0", "--lease-seconds", "4", config=folder)
    await crew.until_states(completed=1)
    file.write_text(json.dumps({"urls": [mirror.url], "dependencies": ["p0==1.0", "p1==1.0"]}))
    await crew.until_states(completed=2)
    file.write_text('{"urls": 3}')
    await crew.until_problem("is not followed as it is now")
    assert await crew.states() == {"completed": 2}
    file.write_text(json.dumps({"urls": [mirror.url], "dependencies": ["p0==1.0", "p2==1.0"]}))
    await crew.until_problem("")

    async def changed() -> bool:
        return published(crew.desk) == ["python/p0/1.0.git", "python/p2/1.0.git"]

    await crew.until(changed)
    file.unlink()

    async def gone() -> bool:
        return published(crew.desk) == []

    await crew.until(gone)
    worker.send(signal.SIGTERM)
    assert (await worker.finished()).status == 0


async def test_a_great_removal_waits_for_a_person(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, *numbered(15))
    crew.desk.configure([mirror.url], numbered(15))
    await crew.start(config=crew.desk.config)
    await crew.until_states(completed=15)
    crew.desk.configure([mirror.url], ["p0==1.0"])
    await crew.until_problem("would retire 14 of 15 releases")
    assert await crew.rows("SELECT id FROM releases WHERE retired_at IS NOT NULL") == []
    await crew.hosts("confirm", "host")
    await crew.until_problem("")
    assert len(await crew.rows("SELECT id FROM releases WHERE retired_at IS NOT NULL")) == 14


async def test_a_spent_budget_does_not_hold_up_others(crew: Fleet, mirror: Mirror) -> None:
    serve(mirror, *numbered(30))
    crew.desk.configure([mirror.url], numbered(20), rateLimit={"requestsPerHour": 6})
    await crew.hosts("add", str(crew.desk.config), "--name", "slow")
    worker = await crew.start("--concurrency", "4", "--stop-within", "1")

    async def spent() -> bool:
        return len(mirror.requests) >= 3

    await crew.until(spent)
    crew.desk.configure([mirror.url], numbered(30)[20:], repositoryPathPattern="quick/{project}/{version}")
    await crew.hosts("add", str(crew.desk.config), "--name", "quick")

    async def done() -> bool:
        return sum(name.startswith("quick/") for name in published(crew.desk)) == 10

    await crew.until(done)

    async def told() -> bool:
        return "slow" in str(await crew.rows("SELECT doing FROM workers"))

    await crew.until(told)
    worker.send(signal.SIGTERM)
    assert (await worker.finished()).status == 0
    await assert_ended_well(crew)


async def test_its_health_is_served(small_crew: Fleet, mirror: Mirror, unused_tcp_port: int) -> None:
    crew = small_crew
    serve(mirror, "p0==1.0")
    crew.desk.configure([mirror.url], ["p0==1.0"])
    address = f"127.0.0.1:{unused_tcp_port}"
    worker = await crew.start("--http", address, "--log-format", "json", config=crew.desk.config)
    await crew.until_states(completed=1)
    async with aiohttp.ClientSession() as session:
        for path in ("/healthz", "/readyz"):
            async with session.get(f"http://{address}{path}") as answer:
                assert (answer.status, await answer.text()) == (200, "ok\n")
        async with session.get(f"http://{address}/metrics") as answer:
            metrics = await answer.text()
    assert 'codehost_jobs{code_host="host",reason="",state="completed"} 1.0' in metrics
    worker.send(signal.SIGTERM)
    ended = await worker.finished()
    actions = [json.loads(line)["action"] for line in ended.stderr.splitlines()]
    assert {"worker_started", "planned", "synced", "worker_stopping", "worker_ended"} <= set(actions)


async def test_a_sync_and_a_worker_do_not_meet(small_crew: Fleet, mirror: Mirror) -> None:
    crew = small_crew
    worker = await crew.start()
    assert await worker.until_said("worker_started")
    crew.desk.configure([mirror.url], ["p0==1.0"])
    ended = await crew.desk.sync()
    assert ended.status == 3
    assert "A codehost worker works on the data directory" in ended.stderr
    assert "stop it (codehost worker, or codehost serve) first" in ended.stderr
