"""What is in a repository: directories, files, their bytes, and the commit."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from markupsafe import Markup
from yarl import URL

from codehost.reading.snapshot import CommitFacts, Directory, Entry, EntryKind, File, Snapshot
from codehost.serve.pages.colouring import Colouring
from codehost.serve.pages.headers import is_known, weak_tag
from codehost.serve.pages.limits import PageLimits
from codehost.serve.pages.linked import linked_path
from codehost.serve.pages.links import Links, Place, View
from codehost.serve.pages.raw import RawFile, RawSender, is_plain_text
from codehost.serve.pages.readers import Readers
from codehost.serve.pages.rendering import Renderer
from codehost.serve.pages.rows import plain_fragments, table_rows
from codehost.serve.pages.showing import Text, name_text, read_text

_SECOND = 1_000_000
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A file's text as far as it is shown; ``why`` it is not, as a sentence."""

    text: Text | None = None
    why: str = ""


class ContentPages:
    """Answers with what is at a place.

    Args:
        renderer: fills in the templates.
        readers: the threads that read.
        colouring: finds colours.
        limits: what is shown.
    """

    def __init__(self, renderer: Renderer, readers: Readers, colouring: Colouring, limits: PageLimits) -> None:
        self._renderer = renderer
        self._links: Links = renderer.links
        self._readers = readers
        self._colouring = colouring
        self._limits = limits
        self._raw = RawSender(limits.held_bytes, limits.slowest)

    async def show(self, request: web.Request, place: Place, snapshot: Snapshot) -> web.StreamResponse | None:
        """The answer; None when nothing is at the place.

        Raises:
            DamagedError: the repository cannot be read.
            BusyError: too much is asked at once.
        """
        page = _page(request)
        etag = weak_tag(self._renderer.build, snapshot.commit, place.view, place.rev, place.path, page)
        if place.view is not View.RAW and is_known(request.if_none_match, etag):
            return self._renderer.answer(request, b"", etag=etag, fixed=place.fixed, scripted=place.view is View.BLOB)
        if place.view is View.COMMIT:
            html = await self._readers.run(lambda: self._commit(place, snapshot.facts()))
            return self._renderer.answer(request, html, etag=etag, fixed=place.fixed)
        match await self._readers.run(lambda: snapshot.look(place.path)):
            case Directory() as directory if place.view is View.TREE:
                html = await self._readers.run(lambda: self._tree(place, snapshot, directory, page))
            case Directory() if place.view is View.BLOB:
                raise _moved(self._links.tree(place.repository, place.rev, place.path))
            case File() if place.view is View.TREE:
                raise _moved(self._links.blob(place.repository, place.rev, place.path))
            case File() as file if place.view is View.RAW:
                return await self._bytes(request, place, file)
            case File() as file:
                html = await self._blob(place, snapshot, file)
            case _:
                return None
        scripted = place.view is View.BLOB
        return self._renderer.answer(request, html, etag=etag, fixed=place.fixed, scripted=scripted)

    async def _bytes(self, request: web.Request, place: Place, file: File) -> web.StreamResponse:
        text = await self._readers.run(lambda: is_plain_text(file.content))
        raw = RawFile(sha=file.sha, name=place.path[-1], content=file.content, text=text)
        return await self._raw.send(request, raw, fixed=place.fixed)

    def _commit(self, place: Place, facts: CommitFacts) -> bytes:
        return self._renderer.fill(
            "commit.html",
            **self._about(place, facts.sha),
            tree=facts.tree,
            message=name_text(facts.message),
            author=name_text(facts.author.identity),
            authored=facts.author.at * _SECOND,
            committer=name_text(facts.committer.identity),
            committed=facts.committer.at * _SECOND,
        )

    def _tree(self, place: Place, snapshot: Snapshot, directory: Directory, page: int) -> bytes:
        total, each = len(directory.entries), self._limits.entries
        pages = max(1, -(-total // each))
        page = min(page, pages)
        entries = directory.entries[(page - 1) * each : page * each]
        sizes = snapshot.sizes(entries)
        return self._renderer.fill(
            "tree.html",
            **self._about(place, snapshot.commit),
            entries=[(*self._entry(place, entry), sizes.get(entry.sha)) for entry in entries],
            here=self._links.tree(place.repository, place.rev, place.path),
            page=page,
            pages=pages,
            total=total,
        )

    def _entry(self, place: Place, entry: Entry) -> tuple[str, str | None, str]:
        path = (*place.path, entry.name)
        match entry.kind:
            case EntryKind.OTHER:
                href = None
            case EntryKind.DIRECTORY:
                href = self._links.tree(place.repository, place.rev, path)
            case _:
                href = self._links.blob(place.repository, place.rev, path)
        return name_text(entry.name), href, entry.kind.value

    async def _blob(self, place: Place, snapshot: Snapshot, file: File) -> bytes:
        link = file.kind is EntryKind.LINK
        shown = _Shown() if link else await self._readers.run(lambda: self._shown(file.content))
        coloured = None
        if shown.text is not None and self._may_colour(file, shown.text):
            coloured = await self._colouring.fragments(file.sha, shown.text.lines, name_text(place.path[-1]))
        return await self._readers.run(lambda: self._file(place, snapshot, file, shown, coloured))

    def _file(
        self, place: Place, snapshot: Snapshot, file: File, shown: _Shown, coloured: tuple[str, ...] | None
    ) -> bytes:
        text = shown.text
        rows = None
        if text is not None:
            rows = table_rows(coloured or plain_fragments(text.lines, self._limits.shown_line))
        target = name_text(file.content) if file.kind is EntryKind.LINK else None
        leads_to = None if target is None else linked_path(place.path, file.content)
        return self._renderer.fill(
            "blob.html",
            **self._about(place, snapshot.commit),
            rows=rows,
            count=0 if text is None else len(text.lines),
            encoding="" if text is None else text.encoding,
            why=shown.why,
            bytes=len(file.content),
            kind=file.kind.value,
            raw=self._links.raw(place.repository, place.rev, place.path),
            target=target,
            target_href=None if leads_to is None else self._links.tree(place.repository, place.rev, leads_to),
            script=Markup(self._renderer.script),  # noqa: S704 - our own
        )

    def _shown(self, content: bytes) -> _Shown:
        if len(content) > self._limits.shown_bytes:
            return _Shown(why="The file is too large to be shown here.")
        if content.count(b"\n") > self._limits.shown_lines:
            return _Shown(why="The file has too many lines to be shown here.")
        text = read_text(content)
        return _Shown(why="The file is not text.") if text is None else _Shown(text=text)

    def _may_colour(self, file: File, text: Text) -> bool:
        longest = max(map(len, text.lines), default=0)
        return len(file.content) <= self._limits.highlighted_bytes and longest <= self._limits.highlighted_line

    def _about(self, place: Place, commit: str) -> dict[str, Any]:
        # The path's parts with their pages; the tree's root goes by the name of the revision.
        crumbs = [(place.rev, self._links.tree(place.repository, place.rev))]
        for depth, part in enumerate(place.path, 1):
            crumbs.append((name_text(part), self._links.tree(place.repository, place.rev, place.path[:depth])))
        lasting = Place(repository=place.repository, view=place.view, rev=commit, path=place.path)
        return {"place": place, "commit": commit, "crumbs": crumbs, "lasting": self._links.to(lasting)}


def _moved(path: str) -> web.HTTPFound:
    return web.HTTPFound(URL(path, encoded=True))  # as it is written: a name may be no UTF-8


def _page(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 1
