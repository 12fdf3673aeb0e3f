"""Pages from the record: the order of releases, and a database that is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from codehost.model.datadir import DataDirectory
from codehost.model.errors import DatabaseUnavailableError
from codehost.model.listings import ListedCodeHost, ListedRelease
from codehost.model.records import Change
from codehost.record.repositories import Wanted
from codehost.serve.pages.about import newest_first
from codehost.serve.pages.links import repository_in
from codehost.serve.pages.pages import Pages
from codehost.serve.ports import Catalogue
from tests.search.told import Told
from tests.serve.pages.found import searched
from tests.serve.pages.site import speaking


def listed(version: str) -> ListedRelease:
    return ListedRelease(
        repository=f"python/x/{version}", project="x", pinned_version=version, code_host="h", wanted=True, commit=None
    )


def test_versions_are_compared_as_versions() -> None:
    versions = ["1.9", "1.10", "1.10rc1", "2!0.1", "1.10+cu124", "odd"]
    assert [one.pinned_version for one in newest_first(map(listed, versions))] == [
        "2!0.1",
        "1.10+cu124",
        "1.10",
        "1.10rc1",
        "1.9",
        "odd",
    ]


class Asked:
    """A record of nothing that remembers what it was asked for."""

    def __init__(self) -> None:
        self.projects_asked: list[str] = []

    async def details(self, repository: str) -> None:
        assert repository_in(f"/{repository}") == repository

    async def releases_of(self, project: str, limit: int) -> list[ListedRelease]:
        assert limit
        self.projects_asked.append(project)
        return []

    async def projects(self, part: str, limit: int) -> list[str]:
        assert limit
        self.projects_asked.append(part)
        return []

    async def latest(self, limit: int) -> list[Change]:
        assert limit
        return []

    async def code_hosts(self) -> list[ListedCodeHost]:
        return []

    async def page(self, wanted: Wanted, after: int, limit: int) -> NoReturn:
        # A code host that there is not is asked for nothing: its name may be none.
        raise AssertionError((wanted, after, limit))


@asynccontextmanager
async def client_of(catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    pages = Pages(DataDirectory(tmp_path), catalogue, Told(searched(0, 0)))
    application = web.Application(middlewares=[speaking(pages)])
    application.add_routes(pages.routes())
    async with TestClient(TestServer(application)) as client:
        yield client
    await pages.close()


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/a/Six_x/9%2E9", ["9-9", "six-x", "a"]),
        ("/%00/six/%FF", ["six"]),
        ("/?q=six.x%3D%3D1", ["six-x", "six-x"]),
        ("/?q=%00", []),
        ("/?host=%00", []),
        ("/?q=%FF%20or", []),
        ("/-/search?q=six.x%3D%3D1", ["six-x", "six-x"]),
        ("/-/search?q=%22six%22", []),
        ("/?q=" + "x" * 300, ["x" * 200, "x" * 200]),
    ],
)
async def test_the_database_is_only_asked_for_what_can_be_a_name(tmp_path: Path, path: str, asked: list[str]) -> None:
    catalogue = Asked()
    async with client_of(catalogue, tmp_path) as client:
        await client.get(URL(path, encoded=True))
    assert catalogue.projects_asked == asked


class Away:
    """A record whose database does not answer."""

    async def details(self, repository: str) -> NoReturn:
        raise DatabaseUnavailableError(f"postgresql://secret/{repository}")

    async def releases_of(self, project: str, limit: int) -> NoReturn:
        raise DatabaseUnavailableError(f"postgresql://secret/{project}/{limit}")

    async def projects(self, part: str, limit: int) -> NoReturn:
        raise DatabaseUnavailableError(f"postgresql://secret/{part}/{limit}")

    async def latest(self, limit: int) -> NoReturn:
        raise DatabaseUnavailableError(f"postgresql://secret/{limit}")

    async def code_hosts(self) -> NoReturn:
        raise DatabaseUnavailableError("postgresql://secret/")

    async def page(self, wanted: Wanted, after: int, limit: int) -> NoReturn:
        raise DatabaseUnavailableError(f"postgresql://secret/{wanted}/{after}/{limit}")


@pytest.mark.parametrize("path", ["/", "/-/search?q=six", "/?q=six", "/?host=", "/python/six/1.0", "/nothing"])
async def test_a_database_that_is_away(tmp_path: Path, path: str) -> None:
    async with client_of(Away(), tmp_path) as client:
        with structlog.testing.capture_logs() as logs:
            response = await client.get(path, headers={"Accept": "text/html"})
        text = await response.text()
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert '<main id="main"' in text
    assert [line["action"] for line in logs] == ["request_unavailable"]
    assert "try again" in text
    assert "secret" not in text
