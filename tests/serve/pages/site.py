"""A release with hostile names and contents, recorded and on the disk, and a client of its pages."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from codehost.model.datadir import DataDirectory
from codehost.model.members import IngestReport, IngestRequest, Limits, Member, MemberKind
from codehost.model.searching import Searching
from codehost.pack.build import build_repository
from codehost.record.catalogue import Catalogue
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.tokens import Tokens
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.middlewares import Dressing, Speaking
from codehost.serve.access.origin import Site as Place
from codehost.serve.pages.limits import PageLimits
from codehost.serve.pages.pages import Pages
from tests.record.helpers import download, pinned, report, resolution
from tests.search.told import Told
from tests.serve.pages.found import searched

NAME = "python/six/1.0"


def member(path: bytes, content: bytes, *, executable: bool = False) -> Member:
    return Member(
        path=b"top/" + path,
        kind=MemberKind.FILE,
        executable=executable,
        mtime=1_600_000_000,
        size=len(content),
        content=content,
        deflated=None,
        target=b"",
    )


def link(path: bytes, target: bytes) -> Member:
    return member(path, target)._replace(kind=MemberKind.SYMLINK, target=target)


def make_repository(data: DataDirectory, name: str, members: list[Member], tag: str = "v1.0") -> IngestReport:
    path = data.repository(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    request = IngestRequest(
        archive="unused", filename="p-1.tar.gz", sha256="0" * 64, repository=str(path), tag=tag, limits=Limits()
    )
    return build_repository(members, request, lambda: members)


def speaking(pages: Pages) -> Middleware:
    """As the whole application does with what goes wrong."""
    step = Speaking(site=Place(), page=pages.problem)

    @web.middleware
    async def speak(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await step(request, handler)

    return speak


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The client, and the commit of ``NAME``."""

    client: TestClient[web.Request, web.Application]
    commit: str
    data: DataDirectory
    database: Database

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of a page, by its path as it goes over the wire."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.get(URL(path, encoded=True), headers=fields, allow_redirects=False) as response:
            return response.status, response.headers, await response.read()

    async def text(self, path: str) -> str:
        """A page that is there."""
        status, _, body = await self.get(path)
        assert status == 200, body
        return body.decode()


@asynccontextmanager
async def site(
    tmp_path: Path,
    members: list[Member],
    *,
    base: str = "",
    limits: PageLimits | None = None,
    others: Sequence[web.RouteDef] = (),
    pins: tuple[str, ...] = (),
    engine: Searching | None = None,
) -> AsyncIterator[Site]:
    data = DataDirectory(tmp_path / "data")
    made = make_repository(data, NAME, members)
    async with open_database(None, tmp_path / "data") as database:
        host = await pinned(database, "six==1.0", *pins)
        jobs = Jobs(database)
        [job] = await jobs.claim(host, "w", 1, 60)
        await jobs.complete(
            job, resolution(job, yanked="<b>bad</b>"), download(job), replace(report(), commit=made.commit)
        )
        pages = Pages(data, Catalogue(database), engine or Told(searched(0, 0)), base=base, limits=limits)
        gate = Gate(Tokens(database), Reading.OPEN)
        application = web.Application(middlewares=[speaking(pages)])
        application.on_response_prepare.append(Dressing(gate=gate, site=Place()).__call__)
        routes = [*pages.open_routes(), *pages.routes()]
        application.add_routes(routes)
        if base:
            application.add_routes([web.get(base + route.path, route.handler) for route in routes])
        application.add_routes(others)
        try:
            async with TestClient(TestServer(application)) as client:
                yield Site(client=client, commit=made.commit, data=data, database=database)
        finally:
            await pages.close()
            await gate.close()
