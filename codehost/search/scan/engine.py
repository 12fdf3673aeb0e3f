"""Search by scanning: the newest repositories first, in several processes, told in order as soon as they are read."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from codehost.model.datadir import DataDirectory
from codehost.model.searching import RepositoryHits, Searched, SearchRequest
from codehost.record.database import Database
from codehost.record.searchable import Searchable
from codehost.search.query.matching import Matcher
from codehost.search.query.parsing import parse
from codehost.search.scan.ahead import in_order
from codehost.search.scan.batches import Batch, batches
from codehost.search.scan.children import ScanChildren
from codehost.search.scan.limits import AHEAD, ScanLimits
from codehost.search.scan.tally import Tally
from codehost.search.scan.tasks import Scanned, ScanTask
from codehost.search.scan.turns import Turns
from codehost.search.scope import InQuestion, in_question


class ScanEngine:
    """The engine that needs nothing but the repositories. Implements ``codehost.model.searching.Searching``."""

    def __init__(self, database: Database, data: DataDirectory, limits: ScanLimits | None = None) -> None:
        self._searchable = Searchable(database)
        self._data = data
        self._limits = limits or ScanLimits()
        self._turns = Turns(self._limits)
        self._children = ScanChildren(self._limits)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._children.close()

    async def search(self, request: SearchRequest) -> AsyncGenerator[RepositoryHits | Searched, None]:
        """What is found, repository by repository, in order; ``Searched`` last. Closing it early ends the work.

        Raises:
            QueryError: the query cannot be understood.
            UnknownScopeError: nothing goes by a name that the scope gives.
            TooManySearchesError: no turn could be had.
            SearchEndedError: the engine was closed meanwhile.
            UserError: the database cannot be read.
        """
        begun = time.monotonic()
        matcher = Matcher(parse(request.query))
        async with self._turns.taken(request.seconds + self._limits.grace_seconds):
            deadline = time.monotonic() + request.seconds
            scope = await self._in_question(request, matcher)
            tally = Tally(request=request, scope=scope)
            work = _Work(request=request, tally=tally, deadline=deadline)
            if scope is not None:
                async with aclosing(self._told(scope, work)) as told:
                    async for repository in told:
                        yield repository
        yield tally.searched(time.monotonic() - begun)

    async def _in_question(self, request: SearchRequest, matcher: Matcher) -> InQuestion | None:
        """None: the time was over first."""
        try:
            async with asyncio.timeout(request.seconds):
                most = self._limits.repositories
                return await in_question(self._searchable, request.scope, matcher.may_match, most)
        except TimeoutError:
            return None

    async def _told(self, scope: InQuestion, work: "_Work") -> AsyncGenerator[RepositoryHits, None]:
        ahead = AHEAD * self._limits.children
        results = in_order(
            batches(scope.releases, alone=ahead),
            lambda batch: asyncio.create_task(self._children.scan(self._task(batch, work))),
            ahead=ahead,
            deadline=work.deadline,
            grace=self._limits.grace_seconds,
        )
        async with aclosing(results):
            async for batch, scanned in results:
                for hits in _hits(batch, scanned, work.tally):
                    yield hits
                if work.tally.is_over:
                    return

    def _task(self, batch: Batch, work: "_Work") -> ScanTask:
        return ScanTask(
            data=self._data,
            repositories=tuple(release.repository for release in batch),
            query=work.request.query,
            context=work.request.context,
            lines_each=work.request.lines_each,
            lines=work.tally.left,
            text_bytes=self._limits.text_bytes,
            deadline=work.deadline,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A search under way."""

    request: SearchRequest
    tally: Tally
    deadline: float


def _hits(batch: Batch, scanned: tuple[Scanned, ...], tally: Tally) -> list[RepositoryHits]:
    found: list[RepositoryHits] = []
    # Fewer are told of than were asked for when a bound was met.
    for release, one in zip(batch, scanned, strict=False):
        files = tally.take(one.outcome, one.files)
        if files:
            found.append(
                RepositoryHits(
                    release_id=release.release_id,
                    repository=release.repository,
                    code_host=release.code_host,
                    project=release.project,
                    version=release.pinned_version,
                    commit=one.commit,
                    files=files,
                )
            )
        if tally.is_over:
            break
    return found
