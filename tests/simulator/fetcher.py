"""The ``Fetcher`` port in memory: answers by address, in the order they were given."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure
from codehost.model.ports import FoundRoot, PageResponse, Validators

T = TypeVar("T")

BEGINNING = 64 * 1024


def html_page(url: str, *anchors: str, status: int = 200) -> PageResponse:
    body = "<!DOCTYPE html><html><body>" + "\n".join(anchors) + "</body></html>"
    return PageResponse(status=status, url=url, content_type="text/html", body=body.encode())


def link(filename: str, attributes: str = "") -> str:
    return f'<a href="../../files/{filename}" {attributes}>{filename}</a>'


@dataclass(slots=True, kw_only=True)
class MemoryFile:
    """An answer with a body; ``broken`` is raised after the pieces."""

    pieces: Sequence[bytes] = ()
    status: int = 200
    length: int | None = None
    retry_after: float | None = None
    broken: BaseException | None = None
    url: str = ""

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if self.broken is not None:
            raise self.broken


@dataclass(slots=True)
class MemoryFetcher:
    """``pages`` and ``files`` hold what each address answers, one after the other; the last answer stays."""

    pages: dict[str, list[PageResponse | Failure]] = field(default_factory=dict)
    files: dict[str, list[MemoryFile | Failure]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def page(self, mirror: Mirror, url: str, validators: Validators | None = None) -> PageResponse:
        self.asked.append((mirror.url, url))
        missing = PageResponse(status=404, url=url, content_type="text/html", body=b"")
        answer = _next(self.pages.get(url, [missing]))
        # As on a wire, others go on meanwhile.
        await asyncio.sleep(0)
        if isinstance(answer, Failure):
            raise answer
        if validators and answer.etag is not None and validators.etag == answer.etag:
            return replace(answer, status=304, content_type="", body=b"")
        return answer

    async def beginning(self, mirror: Mirror, url: str) -> PageResponse:
        answer = await self.page(mirror, url)
        return replace(answer, body=answer.body[:BEGINNING])

    @asynccontextmanager
    async def file(self, mirror: Mirror, url: str) -> AsyncIterator[MemoryFile]:
        self.asked.append((mirror.url, url))
        answer = _next(self.files.get(url, [MemoryFile(status=404)]))
        if isinstance(answer, Failure):
            raise answer
        answer.url = answer.url or url
        yield answer


@dataclass(slots=True)
class MemoryRoots:
    """The ``RootMemory`` port: ``found`` by the mirrors' URLs, and how often each method was called."""

    found: dict[str, FoundRoot] = field(default_factory=dict)
    recalls: int = 0
    remembers: int = 0

    async def recall(self, mirror_url: str) -> FoundRoot | None:
        self.recalls += 1
        return self.found.get(mirror_url)

    async def remember(self, mirror_url: str, found: FoundRoot) -> None:
        self.remembers += 1
        self.found[mirror_url] = found


def _next(answers: list[T]) -> T:
    return answers.pop(0) if len(answers) > 1 else answers[0]
