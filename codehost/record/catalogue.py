"""Looking around in the record: projects by a part of their name, a project's releases, what changed of late."""

from sqlalchemy import select

from codehost.model.listings import ListedCodeHost, ListedRelease
from codehost.model.records import Change, ChangeKind, ReleaseDetails
from codehost.record.database import Database
from codehost.record.reports import Reports
from codehost.record.repositories import ListedRepository, Repositories, Wanted
from codehost.record.tables import changes, code_hosts, releases
from codehost.record.tallies import load_states


class Catalogue:
    """Short lists for people. Nothing here writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reports = Reports(database)
        self._repositories = Repositories(database)

    async def details(self, repository: str) -> ReleaseDetails | None:
        """All that is known of the release in that repository, or None."""
        return await self._reports.details(repository)

    async def releases_of(self, project: str, limit: int) -> list[ListedRelease]:
        """The project's releases on all code hosts, at most ``limit``, the latest added first."""
        columns = (
            *(releases.c.repository, releases.c.project, releases.c.pinned_version, releases.c.wanted),
            *(releases.c.commit, releases.c.yanked, releases.c.quarantined, releases.c.gone_at, releases.c.alarm),
        )
        query = (
            select(*columns, code_hosts.c.name)
            # Named one by one, so that the index that begins with the code host serves.
            .where(releases.c.code_host_id.in_(select(code_hosts.c.id)), releases.c.project == project)
            .join(code_hosts, code_hosts.c.id == releases.c.code_host_id)
            .order_by(releases.c.id.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            ListedRelease(
                repository=row.repository,
                project=row.project,
                pinned_version=row.pinned_version,
                code_host=row.name,
                wanted=row.wanted,
                commit=row.commit,
                yanked=bool(row.yanked),
                quarantined=row.quarantined,
                gone=row.gone_at is not None,
                alarm=row.alarm is not None,
            )
            for row in rows
        ]

    async def projects(self, part: str, limit: int) -> list[str]:
        """Projects with ``part`` in their name, at most ``limit``, in the order of their names.

        Looks at every project where few match.
        """
        query = (
            select(releases.c.project)
            .where(releases.c.project.contains(part, autoescape=True))
            .distinct()
            .order_by(releases.c.project)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def latest(self, limit: int) -> list[Change]:
        """The last entries of the feed, the newest first."""
        query = select(changes).order_by(changes.c.sequence.desc()).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [Change(**{**row, "kind": ChangeKind(row["kind"])}) for row in rows]

    async def code_hosts(self) -> list[ListedCodeHost]:
        """The code hosts, in the order of their names."""
        columns = (code_hosts.c.id, code_hosts.c.name, code_hosts.c.paused, code_hosts.c.problem)
        query = select(*columns).where(code_hosts.c.removed_at.is_(None)).order_by(code_hosts.c.name)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            counts = await load_states(connection)
        return [
            ListedCodeHost(name=row.name, paused=row.paused, problem=row.problem, counts=counts.get(row.id, {}))
            for row in rows
        ]

    async def page(self, wanted: Wanted, after: int, limit: int) -> list[ListedRepository]:
        """At most ``limit`` releases behind the one with the id ``after``; fewer: there are no more."""
        return await self._repositories.page(wanted, after, limit)
