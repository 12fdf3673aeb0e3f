"""What there is to search: the releases whose repository is present, streamed project by project.

A project is that of one code host: two code hosts may mean two things by one name.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from packaging.utils import canonicalize_version
from sqlalchemy import ColumnElement, Select, or_, select, tuple_

from codehost.model.searching import SearchScope
from codehost.record.database import Database
from codehost.record.tables import code_hosts, releases


class SearchableRelease(NamedTuple):
    """A release with a commit. A named tuple: a stream makes one for each of a million.

    Attributes:
        release_id: its id.
        repository: the repository's name.
        code_host: the code host's name.
        project: normalised.
        version: canonical, by PEP 440.
        pinned_version: as it was pinned, and as the repository is named.
        commit: of the repository's one branch.
        yanked: upstream took it back.
        synced_at: microseconds since the epoch; 0: not known.
        unpacked_bytes: what the files hold together; 0: not known.
    """

    release_id: int
    repository: str
    code_host: str
    project: str
    version: str
    pinned_version: str
    commit: str
    yanked: bool
    synced_at: int
    unpacked_bytes: int


class Searchable:
    """What is present. Nothing here writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def code_hosts(self) -> dict[str, int]:
        """The id of each code host, by name, in the order of the names."""
        query = select(code_hosts.c.name, code_hosts.c.id).order_by(code_hosts.c.name)
        async with self._database.read() as connection:
            return {row.name: row.id for row in await connection.execute(query)}

    async def stream(self, scope: SearchScope, batch: int = 1_000) -> AsyncIterator[list[SearchableRelease]]:
        """The releases of ``scope``, all versions unless it names one, in lists of at most ``batch``.

        Those of one project are next to each other, maybe across two lists. Each list is read in a transaction of its
        own, so what is added or removed meanwhile may be in the stream or not.
        """
        for name, host in (await self.code_hosts()).items():
            if scope.code_host not in {None, name}:
                continue
            last: SearchableRelease | None = None
            rows: list[SearchableRelease] = []
            while last is None or len(rows) == batch:
                rows = await self._page(stream_query(host, scope, last, batch), name)
                if not rows:
                    break
                yield rows
                last = rows[-1]

    async def _page(self, query: Select[Any], code_host: str) -> list[SearchableRelease]:
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return [
            SearchableRelease(
                release_id=row.id,
                repository=row.repository,
                code_host=code_host,
                project=row.project,
                version=row.version,
                pinned_version=row.pinned_version,
                commit=row.commit,
                yanked=bool(row.yanked),
                synced_at=row.synced_at or 0,
                unpacked_bytes=row.unpacked_bytes or 0,
            )
            for row in found
        ]

    async def versions(self, project: str, code_host: str | None, limit: int) -> dict[str, bool]:
        """Whether each version of a project, as pinned, is present; at most ``limit``, the latest added first."""
        query = (
            select(releases.c.pinned_version, releases.c.commit)
            .where(releases.c.code_host_id.in_(_hosts(code_host)), releases.c.project == project)
            .order_by(releases.c.id.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            return {row.pinned_version: row.commit is not None for row in await connection.execute(query)}

    async def projects_beginning(self, start: str, code_host: str | None, limit: int) -> list[str]:
        """Projects that are present and whose name begins so, at most ``limit``, in the order of their names."""
        query = (
            select(releases.c.project)
            .where(releases.c.code_host_id.in_(_hosts(code_host)), releases.c.commit.is_not(None))
            .where(releases.c.project.startswith(start, autoescape=True))
            .distinct()
            .order_by(releases.c.project)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())


def stream_query(host: int, scope: SearchScope, last: SearchableRelease | None, limit: int) -> Select[Any]:
    """One list of one code host's releases, behind ``last``: along the index of a release's identity."""
    query = select(
        *(releases.c.id, releases.c.repository, releases.c.project, releases.c.version, releases.c.pinned_version),
        *(releases.c.commit, releases.c.yanked, releases.c.synced_at, releases.c.unpacked_bytes),
    ).where(releases.c.code_host_id == host, releases.c.commit.is_not(None))
    if last is not None:
        query = query.where(tuple_(releases.c.project, releases.c.version) > tuple_(last.project, last.version))
    if scope.projects:
        query = query.where(releases.c.project.in_(scope.projects))
    if scope.version is not None:
        query = query.where(_is(scope.version))
    return query.order_by(releases.c.project, releases.c.version).limit(limit)


def _is(version: str) -> ColumnElement[bool]:
    # PEP 440: 5.0 and 5.0.0 are one version.
    canonical = canonicalize_version(version, strip_trailing_zero=True)
    return or_(releases.c.pinned_version == version, releases.c.version == canonical)


def _hosts(name: str | None) -> Select[Any]:
    query: Select[Any] = select(code_hosts.c.id)
    return query if name is None else query.where(code_hosts.c.name == name)
