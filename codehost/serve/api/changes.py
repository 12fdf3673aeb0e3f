"""``/api/v1/changes`` and ``/api/v1/events``: following what happens to repositories."""

import asyncio
from typing import Annotated

import msgspec
from aiohttp import web

from codehost.model.records import Change, ChangeKind
from codehost.record.feed import FeedPage, Position
from codehost.serve.api.endpoints import Answer, Call, Endpoint
from codehost.serve.api.links import Addresses, addresses_for
from codehost.serve.api.places import Places
from codehost.serve.api.times import moment
from codehost.serve.feed.cursors import CursorError, read_cursor, write_cursor
from codehost.serve.feed.events import HEARTBEAT_SECONDS, EventStream, Following, frame, wait_with
from codehost.serve.feed.hub import Hub
from codehost.serve.problems import Flaw, Kind, ProblemError

LONGEST_WAIT = 60.0
LAST_EVENT_ID = "Last-Event-ID"
_MOST_LIMIT = 1_000
# Whoever follows stays: a place comes free less often than elsewhere.
_AGAIN_SECONDS = 10
_FRESH = {"Cache-Control": "no-store"}

_After = Annotated[str, msgspec.Meta(description="The cursor of an earlier answer; nothing or 0: from the beginning.")]
_CodeHost = Annotated[str, msgspec.Meta(description="Only changes of the code host with this name.")]


class ChangesQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which changes."""

    after: _After = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MOST_LIMIT)] = 100
    wait: Annotated[
        float,
        msgspec.Meta(ge=0, le=LONGEST_WAIT, description="If there is nothing new, wait for it, so many seconds."),
    ] = 0
    code_host: _CodeHost | None = None


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which events."""

    after: _After = ""
    code_host: _CodeHost | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What happened to a repository.

    Attributes:
        kind: ``removed``: it is gone. Any other: it is there, with this commit; take it as it is now, known or not.
            ``marked`` says that only marks have changed.
        name: the repository's.
        code_host: the code host's name at that time; "" where it is not known any more.
        project: the normalised name.
        version: the canonical version.
        commit: what its branch and tag name, or named last.
        at: when.
        cursor: goes on behind this entry.
        clone_url: where git finds it; None when it is gone.
        web_url: where people find it; None when it is gone.
    """

    kind: ChangeKind
    name: str
    code_host: str
    project: str
    version: str
    commit: str | None
    at: str
    cursor: str
    clone_url: str | None
    web_url: str | None


class Entries(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Changes in their order.

    Attributes:
        items: the changes.
        cursor: goes on behind them. Keep it when they are worked off, also when there are none.
        more: there were more at that moment: ask again at once.
    """

    items: tuple[Entry, ...]
    cursor: str
    more: bool


class Changes:
    """Following the feed.

    Args:
        hub: the feed.
        most_waiting: how many may wait for news at a time.
        most_streams: how many streams of events there may be.
        heartbeat: seconds after which a quiet stream gives a sign of life.
    """

    def __init__(
        self, hub: Hub, *, most_waiting: int = 1_000, most_streams: int = 200, heartbeat: float = HEARTBEAT_SECONDS
    ) -> None:
        self._hub = hub
        self._waiting = Places(most_waiting, "wait for changes", seconds=_AGAIN_SECONDS)
        self._streams = Places(most_streams, "follow the events", seconds=_AGAIN_SECONDS)
        self._heartbeat = heartbeat

    def endpoints(self) -> list[Endpoint]:
        """The two ways of following."""
        return [
            Endpoint(
                method="GET",
                path="/changes",
                name="listChanges",
                summary="What happened to repositories since a cursor, in order; waits for news if asked to",
                tag="feed",
                handle=self.list,
                query=ChangesQuery,
                answers={200: Entries},
                problems=(Kind.CURSOR_UNKNOWN,),
            ),
            Endpoint(
                method="GET",
                path="/events",
                name="followEvents",
                summary="The same as server-sent events: each change is an event with its cursor as id",
                tag="feed",
                handle=self.stream,
                query=EventsQuery,
                answers={200: bytes},
                answer_type="text/event-stream",
                headers={LAST_EVENT_ID: "The id of the last event that was received; it goes before the parameter."},
                problems=(Kind.CURSOR_UNKNOWN,),
            ),
        ]

    async def list(self, call: Call[ChangesQuery, None]) -> Answer:
        """Changes behind a cursor."""
        feed, position = await self._begin(call.query.after, "after")
        page = await self._page(position, call.query)
        if not page.items and call.query.wait:
            with self._waiting.taken():
                page = await self._await_news(page, call)
        where = addresses_for(call.request)
        entries = tuple(_entry(change, feed, where) for change in page.items)
        return Answer(
            content=Entries(items=entries, cursor=write_cursor(feed, page.end), more=page.more), headers=_FRESH
        )

    async def stream(self, call: Call[EventsQuery, None]) -> web.StreamResponse:
        """Changes behind a cursor, for as long as the consumer listens."""
        # WHATWG HTML, section 9.2.4: who comes back says where it was, and asks for the same address as before.
        given = call.request.headers.get(LAST_EVENT_ID, "")
        feed, position = await self._begin(given or call.query.after, LAST_EVENT_ID if given else "after")
        where = addresses_for(call.request)
        encode = msgspec.json.Encoder().encode

        def frames(page: FeedPage) -> bytes:
            entries = [_entry(change, feed, where) for change in page.items]
            return b"".join(frame(entry.cursor, encode(entry)) for entry in entries)

        following = Following(
            position=position,
            code_host=call.query.code_host,
            frames=frames,
            cursor=lambda behind: write_cursor(feed, behind),
        )
        with self._streams.taken():
            return await EventStream(self._hub, following, self._heartbeat).send(call.request)

    async def _begin(self, text: str, parameter: str) -> tuple[int, Position]:
        """The feed's number, and where to begin."""
        try:
            cursor = read_cursor(text)
        except CursorError as error:
            flaw = Flaw(detail=str(error), parameter=parameter)
            raise ProblemError(Kind.INVALID, "The cursor is not valid.", flaws=(flaw,)) from None
        feed = await self._hub.identity()
        if cursor.feed not in {None, feed} or not await self._hub.knows(cursor.position):
            raise _unknown()
        return feed, cursor.position

    async def _page(self, position: Position, query: ChangesQuery) -> FeedPage:
        page = await self._hub.page(position.sequence, query.limit, query.code_host)
        if page.end.sequence < position.sequence:
            raise _unknown()
        return page

    async def _await_news(self, page: FeedPage, call: Call[ChangesQuery, None]) -> FeedPage:
        """The first page with entries, or, at the end of the wait, without."""
        clock = asyncio.get_running_loop().time
        ends_at = clock() + call.query.wait
        while not page.items and await wait_with(call.request, self._hub, page.end.sequence, ends_at - clock()):
            page = await self._page(page.end, call.query)
        return page


def _unknown() -> ProblemError:
    return ProblemError(
        Kind.CURSOR_UNKNOWN,
        "The cursor is of another feed, or of a time before the database was restored: start from nothing, that is"
        " without a cursor, and forget the repositories that do not turn up.",
    )


def _entry(change: Change, feed: int, where: Addresses) -> Entry:
    gone = change.kind is ChangeKind.REMOVED
    return Entry(
        kind=change.kind,
        name=change.repository,
        code_host=change.code_host,
        project=change.project,
        version=change.version,
        commit=change.commit,
        at=moment(change.at),
        cursor=write_cursor(feed, Position(sequence=change.sequence, at=change.at)),
        clone_url=None if gone else where.clone(change.repository),
        web_url=None if gone else where.web(change.repository),
    )
