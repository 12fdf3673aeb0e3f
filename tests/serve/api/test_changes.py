"""Following the feed over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from structlog.testing import capture_logs
from yarl import URL

from codehost.record.database import Database
from codehost.record.feed import Position, drop_superseded
from codehost.record.hosts import CodeHosts
from codehost.record.releases import Releases
from codehost.record.tables import changes
from codehost.serve.feed import events
from codehost.serve.feed.cursors import read_cursor, write_cursor
from tests.patience import eventually
from tests.record.helpers import pinned, replan
from tests.serve.api.feeding import Served, events_of, served, sync, sync_queued


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(database_url, tmp_path) as running:
        yield running


def names(answer: dict[str, Any]) -> list[str]:
    return [item["name"] for item in answer["items"]]


async def test_page_by_page(server: Served, database: Database) -> None:
    status, empty = await server.get("/api/v1/changes")
    assert (status, empty["items"], empty["more"]) == (200, [], False)
    await sync(database, "a==1", "b==1.0", "c==1+x")
    _, first = await server.get("/api/v1/changes?limit=2")
    assert (names(first), first["more"]) == (["host/a/1", "host/b/1.0"], True)
    assert first["cursor"] == first["items"][-1]["cursor"]
    _, rest = await server.get("/api/v1/changes", params={"after": first["cursor"], "limit": 2})
    assert (names(rest), rest["more"]) == (["host/c/1+x"], False)
    assert rest["items"][0] == {
        "kind": "created",
        "name": "host/c/1+x",
        "codeHost": "host",
        "project": "c",
        "version": "1+x",
        "commit": "c" * 40,
        "at": rest["items"][0]["at"],
        "cursor": rest["cursor"],
        "cloneUrl": f"{server.root}/git/host/c/1+x.git",
        "webUrl": f"{server.root}/host/c/1+x",
    }
    assert rest["items"][0]["at"].endswith("Z")
    for beginning in ("", "0", empty["cursor"]):
        _, again = await server.get("/api/v1/changes", params={"after": beginning})
        assert len(again["items"]) == 3


async def test_of_one_code_host(server: Served, database: Database) -> None:
    await sync(database, "a==1", name="one")
    await sync(database, "b==1", name="other")
    _, found = await server.get("/api/v1/changes?codeHost=other")
    assert names(found) == ["other/b/1"]
    _, found = await server.get("/api/v1/changes?codeHost=nobody")
    assert names(found) == []


async def test_waiting_ends_with_the_news(server: Served, database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    _, empty = await server.get("/api/v1/changes")
    waiting = [
        asyncio.create_task(server.get("/api/v1/changes", params={"after": empty["cursor"], "wait": 30}))
        for _ in range(20)
    ]
    await asyncio.sleep(0.3)
    assert not any(task.done() for task in waiting)
    await sync_queued(database, host)
    # Sooner than anybody looks without being woken.
    async with asyncio.timeout(6):
        answers = await asyncio.gather(*waiting)
    assert {status for status, _ in answers} == {200}
    assert all(names(answer)[0] == "python/a/1" for _, answer in answers)


async def test_waiting_for_one_code_host_goes_on_over_the_news_of_others(server: Served, database: Database) -> None:
    mine = await pinned(database, "a==1", name="mine", pattern="mine/{project}/{version}")
    waiting = asyncio.create_task(server.get("/api/v1/changes?codeHost=mine&wait=30"))
    await asyncio.sleep(0.2)
    await sync(database, "b==1", name="other")
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await sync_queued(database, mine)
    _, answer = await asyncio.wait_for(waiting, 10)
    assert names(answer) == ["mine/a/1"]
    # The cursor of an empty answer has moved over what was nobody's business here.
    _, nothing = await server.get("/api/v1/changes?codeHost=nobody&wait=0.1")
    assert (nothing["items"], read_cursor(nothing["cursor"]).position.sequence) == ([], 2)


async def test_waiting_ends_by_time(server: Served) -> None:
    status, answer = await server.get("/api/v1/changes?wait=0.2")
    assert (status, answer["items"]) == (200, [])


async def test_waiting_ends_with_the_server(server: Served) -> None:
    waiting = asyncio.create_task(server.get("/api/v1/changes?wait=60"))
    await asyncio.sleep(0.2)
    server.traffic.stopping.set()
    status, answer = await asyncio.wait_for(waiting, 5)
    assert (status, answer["items"]) == (200, [])


async def test_cursors_of_other_feeds(server: Served, database: Database) -> None:
    await sync(database, "a==1", "b==1")
    _, answer = await server.get("/api/v1/changes")
    cursor = read_cursor(answer["cursor"])
    assert cursor.feed is not None
    at = cursor.position.at
    for feed, position in [
        (cursor.feed + 1, cursor.position),
        (cursor.feed, Position(sequence=3, at=at + 1)),
        (cursor.feed, Position(sequence=2, at=at + 1)),
    ]:
        for path in ("/api/v1/changes", "/api/v1/events"):
            status, problem = await server.get(path, params={"after": write_cursor(feed, position)})
            assert (status, problem["type"]) == (410, "urn:codehost:problem:cursor-unknown")
            assert "start from nothing" in problem["detail"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("after=nonsense", "after"),
        ("after=%00", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("wait=-1", "wait"),
        ("wait=61", "wait"),
        ("wait=nan", "wait"),
        ("limit=1&limit=2", "limit"),
    ],
)
async def test_what_is_no_question(server: Served, query: str, parameter: str) -> None:
    status, problem = await server.get(f"/api/v1/changes?{query}")
    assert (status, problem["errors"][0]["parameter"]) == (422, parameter)


async def test_a_database_restored_under_the_server(server: Served, database: Database) -> None:
    await sync(database, "a==1", "b==1")
    _, answer = await server.get("/api/v1/changes")
    async with database.write() as connection:
        await connection.execute(text("DELETE FROM changes WHERE sequence = 2"))
        await connection.execute(text("UPDATE counters SET value = 1 WHERE name = 'changes'"))
    status, _ = await server.get("/api/v1/changes", params={"after": answer["cursor"]})
    assert status == 410
    await sync(database, "c==1", name="other")
    status, _ = await server.get("/api/v1/changes", params={"after": answer["cursor"]})
    assert status == 410


async def test_events(server: Served, database: Database) -> None:
    host = await sync(database, "a==1")
    stream = await server.open("/api/v1/events")
    assert stream.headers["Content-Type"] == "text/event-stream"
    [first] = await events_of(stream, 1)
    entry = json.loads(first["data"])
    assert (first["event"], entry["name"], first["id"]) == ("change", "host/a/1", entry["cursor"])
    await sync(database, "b==1", name="other")
    [second] = await events_of(stream, 1)
    assert json.loads(second["data"])["name"] == "other/b/1"
    stream.close()
    # Who comes back says where it was, whatever the address says.
    stream = await server.open("/api/v1/events?after=0", headers={"Last-Event-ID": first["id"]})
    assert [json.loads(one["data"])["name"] for one in await events_of(stream, 1)] == ["other/b/1"]
    stream.close()
    stream = await server.open("/api/v1/events?codeHost=host")
    assert json.loads((await events_of(stream, 1))[0]["data"])["name"] == "host/a/1"
    stream.close()
    assert host > 0


async def test_streams_end_with_the_server(server: Served) -> None:
    stream = await server.open("/api/v1/events")
    assert await stream.content.readline() == b"retry: 5000\n"
    server.traffic.stopping.set()
    async with asyncio.timeout(5):
        assert (await stream.content.read()).strip() == b""


async def test_quiet_streams_give_signs_of_life_with_the_place_to_go_on(
    database_url: str, tmp_path: Path, database: Database
) -> None:
    await sync(database, "a==1")
    async with served(database_url, tmp_path, heartbeat=0.2) as server:
        stream = await server.open("/api/v1/events?codeHost=nobody")
        found = b""
        async with asyncio.timeout(10):
            while found.count(b"id: ") < 2:
                found += await stream.content.readline()
        stream.close()
    assert found.count(b": here\n") >= 1
    assert read_cursor(found.decode().split("id: ")[-1].strip()).position.sequence == 1


async def test_there_are_places_for_so_many(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path, most_waiting=1, most_streams=1) as server:
        stream = await server.open("/api/v1/events")
        waiting = asyncio.create_task(server.get("/api/v1/changes?wait=20"))
        await asyncio.sleep(0.3)
        for path in ("/api/v1/events", "/api/v1/changes?wait=1"):
            refused = await server.open(path)
            assert (refused.status, refused.headers["Retry-After"]) == (503, "10")
        assert (await server.get("/api/v1/changes"))[0] == 200
        stream.close()
        waiting.cancel()


@pytest.mark.parametrize("path", ["/api/v1/changes?wait=60", "/api/v1/events"])
async def test_who_hangs_up_gives_its_place_to_others(database_url: str, tmp_path: Path, path: str) -> None:
    async with served(database_url, tmp_path, most_waiting=20, most_streams=20) as server:
        where = URL(server.root)
        with capture_logs() as logs:
            for _ in range(3):
                clients = [await asyncio.open_connection(where.host, where.port) for _ in range(20)]
                for _, writer in clients:
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                await eventually(lambda: server.traffic.under_way == 20)
                for _, writer in clients:
                    writer.transport.abort()
                # Long before what they have waited for would have come.
                await eventually(lambda: server.traffic.under_way == 0)
    lines = [line for line in logs if line["action"] == "request"]
    assert len(lines) == 60
    assert 503 not in {line["status"] for line in lines}
    assert "request_not_understood" not in {line["action"] for line in logs}


async def test_a_code_host_that_is_added_again_goes_on(server: Served, database: Database) -> None:
    hosts, releases = CodeHosts(database), Releases(database)
    first = await sync(database, "a==1", "b==1")
    await hosts.remove("host")
    for retired in await releases.retired(first):
        assert await releases.disown(retired.release_id)
        assert await releases.remove(retired.release_id)
    assert await hosts.forget_removed() == ["host"]
    second = await sync(database, "a==1")
    assert second != first
    for parameters in ({}, {"codeHost": "host"}):
        _, answer = await server.get("/api/v1/changes", params=parameters)
        told = [(item["kind"], item["name"], item["codeHost"]) for item in answer["items"]]
        assert sorted(told[:2]) == [("created", "host/a/1", "host"), ("created", "host/b/1", "host")]
        assert sorted(told[2:4]) == [("removed", "host/a/1", "host"), ("removed", "host/b/1", "host")]
        assert told[4:] == [("created", "host/a/1", "host")]


async def test_a_repository_that_moves_to_another_code_host(server: Served, database: Database) -> None:
    pattern, releases = "shared/{project}/{version}", Releases(database)
    first = await pinned(database, "a==1", name="one", pattern=pattern)
    await sync_queued(database, first)
    _, before = await server.get("/api/v1/changes")
    await replan(database, first, [], pattern)
    for retired in await releases.retired(first):
        assert await releases.disown(retired.release_id)
        assert await releases.remove(retired.release_id)
    await sync_queued(database, await pinned(database, "a==1", name="other", pattern=pattern))
    for dropped in (False, True):
        if dropped:
            await drop_superseded(database, 0)
        _, answer = await server.get("/api/v1/changes", params={"after": before["cursor"]})
        told = [(item["kind"], item["codeHost"]) for item in answer["items"] if item["name"] == "shared/a/1"]
        assert told == [("removed", "one"), ("created", "other")]


async def test_a_consumer_that_takes_nothing_is_ended(
    database_url: str, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_STALLED_SECONDS", 0.5)
    async with database.write() as connection:
        await connection.execute(insert(changes), [row(number) for number in range(1, 60_001)])
        await connection.execute(text("UPDATE counters SET value = 60000 WHERE name = 'changes'"))
    async with served(database_url, tmp_path) as server:
        stream = await server.open("/api/v1/events", read_bufsize=1)
        # Nobody reads; after a while nothing is under way any more.
        await eventually(lambda: server.traffic.under_way == 0)
        stream.close()


def row(number: int) -> dict[str, object]:
    return {
        "sequence": number,
        "code_host_id": 1,
        "repository": f"r/{number}",
        "project": "p",
        "version": "1",
        "kind": "created",
        "at": number,
    }
