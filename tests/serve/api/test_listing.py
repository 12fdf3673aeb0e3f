"""The list for Sourcegraph."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import ClientError

from codehost.model.errors import DatabaseUnavailableError
from codehost.record.database import Database
from codehost.record.repositories import Present, Repositories
from tests.record.helpers import pinned
from tests.serve.api.feeding import served, sync


@pytest.mark.parametrize("base", ["", "/code"])
async def test_present_repositories_only(database_url: str, tmp_path: Path, database: Database, base: str) -> None:
    await sync(database, "a==1", "torch==2+cu118")
    await pinned(database, "b==1", name="other")
    async with served(database_url, tmp_path, base=base) as server:
        status, found = await server.get("/v1/list-repos")
        assert (status, found) == (
            200,
            {
                "Items": [
                    # Sourcegraph puts the URL of its configuration, base path and all, in front of the last.
                    {"Name": "host/a/1", "URI": "host/a/1", "ClonePath": "/git/host/a/1.git"},
                    {
                        "Name": "host/torch/2+cu118",
                        "URI": "host/torch/2+cu118",
                        "ClonePath": "/git/host/torch/2+cu118.git",
                    },
                ]
            },
        )
        async with server.session.head(f"{server.root}/v1/list-repos") as response:
            assert (response.status, response.content_type) == (200, "application/json")


async def test_nothing_is_a_list_too(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path) as server:
        assert await server.get("/v1/list-repos") == (200, {"Items": []})


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Pages instead of a database's; an error is raised."""
    given: list[object] = []

    async def present(_self: Repositories, after: int = 0, limit: int = 0) -> list[Present]:
        await asyncio.sleep(0)
        assert after >= 0
        assert limit
        page = given.pop(0)
        if isinstance(page, Exception):
            raise page
        assert isinstance(page, list)
        return page

    monkeypatch.setattr(Repositories, "present", present)
    return given


def page(start: int) -> list[Present]:
    return [Present(start + number, f"r/{start + number}", "1") for number in range(5_000)]


async def test_many_pages(database_url: str, tmp_path: Path, pages: list[object]) -> None:
    pages += [page(1), page(5_001), []]
    async with served(database_url, tmp_path) as server:
        _, found = await server.get("/v1/list-repos")
    assert [item["Name"] for item in found["Items"]] == [f"r/{number}" for number in range(1, 10_001)]


async def test_half_a_list_is_never_taken_for_a_whole_one(
    database_url: str, tmp_path: Path, pages: list[object]
) -> None:
    pages += [page(1), DatabaseUnavailableError("away")]
    async with served(database_url, tmp_path) as server:
        with pytest.raises(ClientError):
            await server.get("/v1/list-repos")
        pages.append(DatabaseUnavailableError("away"))
        status, _ = await server.get("/v1/list-repos")
        assert status == 503
