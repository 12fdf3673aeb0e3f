"""Looking repositories up over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from codehost.model.errors import Failure, Reason
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from tests.record.helpers import pinned, replan
from tests.serve.api.feeding import Served, served, sync


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(database_url, tmp_path) as running:
        yield running


async def test_page_by_page_along_the_links(server: Served, database: Database) -> None:
    await sync(database, "a==1", "b==1", "c==1", "d==1", "e==1", "f==1")
    url, names = f"{server.root}/api/v1/repos?limit=2&codeHost=host", []
    for _ in range(3):
        async with server.session.get(url) as response:
            page = await response.json()
            names.append([item["name"] for item in page["items"]])
            if page["next"] is None:
                assert "next" not in response.links
                break
            assert URL(response.links["next"]["url"]).query["after"] == page["next"]
            [link] = response.headers.getall("Link")
            url = link.partition(">")[0].removeprefix("<")
    else:
        pytest.fail("the last page leads on")
    assert names == [["host/a/1", "host/b/1"], ["host/c/1", "host/d/1"], ["host/e/1", "host/f/1"]]


async def test_an_item(server: Served, database: Database) -> None:
    await sync(database, "Foo.Bar==1.0")
    status, page = await server.get("/api/v1/repos?project=foo_bar&state=completed")
    [item] = page["items"]
    moments = {name: item.pop(name) for name in ("createdAt", "syncedAt")}
    assert all(moment.endswith("Z") for moment in moments.values())
    assert (status, item) == (
        200,
        {
            "name": "host/foo-bar/1.0",
            "codeHost": "host",
            "project": "foo-bar",
            "version": "1",
            "pinnedVersion": "1.0",
            "state": "completed",
            "reason": None,
            "commit": "c" * 40,
            "yanked": False,
            "yankedReason": None,
            "quarantined": False,
            "gone": False,
            "alarm": None,
            "wanted": True,
            "retiredAt": None,
            "cloneUrl": f"{server.root}/git/host/foo-bar/1.0.git",
            "webUrl": f"{server.root}/host/foo-bar/1.0",
        },
    )


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=9999999999999999999", "state=gone", "limit=0", "x=1"])
async def test_what_is_no_question(server: Served, query: str) -> None:
    assert (await server.get(f"/api/v1/repos?{query}"))[0] == 422


@pytest.mark.parametrize("question", ["repos?project", "repos?codeHost", "changes?codeHost", "events?codeHost"])
async def test_a_name_that_postgresql_cannot_hold(server: Served, question: str) -> None:
    status, problem = await server.get(f"/api/v1/{question}=a%00b")
    assert (status, problem["errors"][0]["parameter"]) == (422, question.partition("?")[2])


@pytest.mark.parametrize(
    "path", ["host/torch/1!2.0+cu118", "host%2Ftorch%2F1!2.0%2Bcu118", "host/torch/1%212.0%2bcu118"]
)
async def test_all_that_is_known_of_one(server: Served, database: Database, path: str) -> None:
    await sync(database, "torch==1!2.0+cu118")
    status, found = await server.get(f"/api/v1/repos/{path}")
    assert status == 200
    assert (found["name"], found["state"], found["skipped"]) == ("host/torch/1!2.0+cu118", "completed", 1)
    assert found["file"]["sha256"] == "ab" * 32
    assert found["file"]["verified"] == ["sha256"]
    assert found["file"]["uploadTime"] == "2024-01-02T03:04:05Z"
    assert found["asked"][0]["said"] == "has torch-1!2.0+cu118.tar.gz"
    assert found["skips"] == [{"path": "a\ufffdb\\udcff", "reason": "unsafe-name", "size": 5}]
    assert [(one["number"], one["worker"], one["outcome"]) for one in found["attempts"]] == [(1, "w", "completed")]
    assert found["cloneUrl"] == f"{server.root}/git/host/torch/1!2.0+cu118.git"


async def test_one_without_a_repository(server: Served, database: Database) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    await Jobs(database).fail(job, Failure(Reason.NOT_FOUND, "no mirror has it"), None)
    status, found = await server.get("/api/v1/repos/python/a/1")
    assert (status, found["file"], found["cloneUrl"], found["webUrl"], found["commit"]) == (200, None, None, None, None)
    assert (found["reason"], found["message"]) == ("not-found", "no mirror has it")


@pytest.mark.parametrize("name", ["python/a/2", "python", "%00", "a%2f..%2fb", "python/a/1.git", "x" * 300])
async def test_what_is_not_there(server: Served, database: Database, name: str) -> None:
    await sync(database, "a==1")
    status, problem = await server.get(f"/api/v1/repos/{name}")
    assert (status, problem["status"]) == (404, 404)


async def test_a_retired_one_is_there_until_it_is_pruned(server: Served, database: Database) -> None:
    host = await sync(database, "a==1")
    await replan(database, host, [])
    _, found = await server.get("/api/v1/repos/host/a/1")
    assert (found["wanted"], found["retiredAt"] is None, found["cloneUrl"] is None) == (False, False, False)
    _, listed = await server.get("/v1/list-repos")
    assert len(listed["Items"]) == 1
    [retired] = await Releases(database).retired(host)
    await Releases(database).disown(retired.release_id)
    await Releases(database).remove(retired.release_id)
    assert (await server.get("/api/v1/repos/host/a/1"))[0] == 404
    assert (await server.get("/v1/list-repos"))[1] == {"Items": []}
    _, feed = await server.get("/api/v1/changes")
    assert [(one["kind"], one["cloneUrl"] is None) for one in feed["items"]] == [("created", False), ("removed", True)]
