import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.app.asking import AskingRequest
from codehost.app.planning import plan
from codehost.app.storage import Storage
from codehost.app.syncing import sync
from codehost.model.datadir import DataDirectory
from codehost.model.errors import Failure
from codehost.model.pins import parse_pin
from codehost.model.releases import Resolution
from codehost.preview.intent import Action
from codehost.preview.outcome import Preview
from codehost.record.database import open_database
from codehost.record.presence import is_there
from codehost.record.tables import ledger, metadata
from tests.app.asking import Asking
from tests.app.helpers import request
from tests.simulator.mirror import Fault, Mirror
from tests.wiring import Watcher, add_sdist

OLD, SIX, SIX2, ATTRS, MISSING = "old==1.0", "six==1.0", "six==2.0", "attrs==1.0", "no-such==1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A mirror, and storage that nothing has been synced into."""

    mirror: Mirror
    storage: Storage

    def text(self, *pins: str, **more: object) -> str:
        return json.dumps({"urls": [self.mirror.url], "dependencies": pins, **more})

    async def sync(self, *pins: str, name: str = "host") -> None:
        await sync(self.storage, replace(request(self.text(*pins)), name=name), Watcher())

    async def plan(self, *pins: str, offline: bool = False, name: str = "host", **more: object) -> Preview:
        config = request(self.text(*pins, **more)).config
        return await plan(self.storage, AskingRequest(name=name, config=config, offline=offline), Asking())

    async def rows(self) -> dict[str, int]:
        """How many rows each table has, but for the ledger, which counts what a preview sends."""
        tables = [table for table in metadata.sorted_tables if table.name not in {"ledger", "mirrors"}]
        async with self.reading() as connection:
            return {
                table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in tables
            }

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        place = self.storage.database_url, self.storage.data.root
        async with open_database(*place) as database, database.read() as connection:
            yield connection

    async def is_untouched(self) -> bool:
        """Whether there is neither a database nor a data directory."""
        return not _exists(self.storage.data.root) and not await is_there(
            self.storage.database_url, self.storage.data.root
        )


def _exists(path: Path) -> bool:
    return path.exists()


@pytest.fixture
async def place(database_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with Mirror() as mirror:
        for pin in (OLD, SIX, SIX2, ATTRS):
            add_sdist(mirror, pin)
        yield Place(mirror=mirror, storage=Storage(data=DataDirectory(tmp_path / "data"), database_url=database_url))


def actions(preview: Preview) -> list[tuple[str, Action, bool]]:
    return [(str(step.pin), step.action, step.due) for step in preview.intent.steps]


def files(preview: Preview) -> dict[str, str]:
    answers = (preview.answers or {}).items()
    return {
        str(pin): answer.file.filename if isinstance(answer, Resolution) else answer.reason for pin, answer in answers
    }


async def test_nothing_is_made_where_nothing_is(place: Place) -> None:
    made = await place.plan(SIX, SIX2, ATTRS)
    assert (made.known, made.well) == (False, True)
    assert actions(made) == [(pin, Action.ADD, True) for pin in (SIX, SIX2, ATTRS)]
    assert files(made) == {SIX: "six-1.0.tar.gz", SIX2: "six-2.0.tar.gz", ATTRS: "attrs-1.0.tar.gz"}
    # One page for each project, and no file.
    assert Counter(place.mirror.paths()) == {"/simple/six/": 1, "/simple/attrs/": 1}
    assert (made.requests_sent, made.requests_left) == (2, None)
    assert (made.estimate.pages, made.estimate.files, made.estimate.seconds) == (2, 3, 0.0)
    assert await place.is_untouched()


async def test_against_the_record(place: Place) -> None:
    await place.sync(OLD, SIX, MISSING)
    before = await place.rows()
    place.mirror.requests.clear()
    made = await place.plan(SIX, SIX2, MISSING)
    assert (made.known, made.well, made.intent.unchanged) == (True, False, 1)
    assert actions(made) == [(SIX2, Action.ADD, True), (MISSING, Action.RETRY, True)]
    assert made.intent.retire == ("python/old/1.0",)
    assert files(made) == {SIX2: "six-2.0.tar.gz", MISSING: "not-found"}
    ((_, failure),) = made.lacking
    assert str(failure) == f"no mirror has {MISSING} ({place.mirror.url}: 404 for the project)"
    assert (len(place.mirror.requests), made.requests_sent) == (2, 2)
    assert await place.rows() == before


async def test_restored_releases_are_asked_for_only_if_their_repository_is_gone(place: Place) -> None:
    await place.sync(OLD, SIX)
    await place.sync(ATTRS)
    place.storage.data.repository("python/six/1.0").rename(place.storage.data.root / "elsewhere")
    made = await place.plan(OLD, SIX, ATTRS)
    assert actions(made) == [(OLD, Action.RESTORE, False), (SIX, Action.RESTORE, True)]
    assert files(made) == {SIX: "six-1.0.tar.gz"}


async def test_what_a_preview_sends_counts_against_the_ledger(place: Place) -> None:
    await place.sync(OLD)
    made = await place.plan(OLD, SIX, ATTRS, rateLimit={"requestsPerHour": 20})
    # A page and a file for the sync, two pages for the preview.
    assert made.requests_left == 16
    assert (await place.plan(OLD, SIX, ATTRS, rateLimit={"requestsPerHour": 20})).requests_left == 14
    async with place.reading() as connection:
        assert (await connection.execute(select(func.sum(ledger.c.tokens)))).scalar_one() == 6


@pytest.mark.parametrize("known", [False, True])
async def test_offline_and_paused_ask_nobody(place: Place, *, known: bool) -> None:
    if known:
        await place.sync(OLD)
    place.mirror.requests.clear()
    for made in (
        await place.plan(OLD, SIX, SIX2, MISSING, offline=True),
        await place.plan(OLD, SIX, SIX2, MISSING, rateLimit={"requestsPerHour": 0}),
    ):
        assert (made.known, made.answers, made.well, made.requests_sent) == (known, None, True, 0)
        assert (made.estimate.pages, made.estimate.files) == ((2, 3) if known else (3, 4))
    assert place.mirror.requests == []


async def test_a_name_that_another_code_host_has_already(place: Place) -> None:
    await place.sync(SIX, name="other")
    made = await place.plan(SIX, ATTRS)
    assert [(clash.repository, clash.owner) for clash in made.intent.clashes] == [("python/six/1.0", "other")]
    assert (made.known, made.well) == (False, False)


async def test_a_mirror_that_fails_stands_in_for_nobody(place: Place) -> None:
    place.mirror.fault("/simple/six/", Fault(status=403))
    async with Mirror() as second:
        add_sdist(second, SIX)
        made = await place.plan(SIX, ATTRS, urls=[place.mirror.url, second.url])
        assert second.requests == []
    assert files(made) == {SIX: "auth", ATTRS: "attrs-1.0.tar.gz"}
    assert isinstance(made.answers and made.answers[parse_pin(SIX)], Failure)


@pytest.mark.parametrize("dead_first", [False, True])
async def test_a_mirror_that_cannot_be_reached_is_given_up_and_others_are_not(
    place: Place, unused_tcp_port: int, *, dead_first: bool
) -> None:
    here = [f"here{number}==1.0" for number in range(10)]
    for pin in here:
        add_sdist(place.mirror, pin)
    dead = f"http://127.0.0.1:{unused_tcp_port}/simple"
    urls = [dead, place.mirror.url] if dead_first else [place.mirror.url, dead]
    # Those that only the dead mirror may have come first, and more in a row than are waited for.
    elsewhere = [f"gone{number}==1.0" for number in range(12)]
    made = await place.plan(*elsewhere, *here, urls=urls)
    found = files(made)
    assert {found[pin] for pin in elsewhere} == {"network"}
    assert {found[pin] for pin in here} == (
        {"network"} if dead_first else {f"{pin.partition('=')[0]}-1.0.tar.gz" for pin in here}
    )
    given_up = [answer for answer in (made.answers or {}).values() if isinstance(answer, Failure) and answer.unasked]
    assert len(given_up) >= len(elsewhere) - 8 - 2
    assert all(answer.mirror == dead and "not asked again: " in str(answer) for answer in given_up)


async def test_eight_projects_at_a_time(place: Place) -> None:
    pins = [f"p{number}==1.0" for number in range(20)]
    for pin in pins:
        add_sdist(place.mirror, pin)
        place.mirror.fault(f"/simple/{pin.partition('==')[0]}/", Fault(delay=0.05))
    assert (await place.plan(*pins)).well
    assert 1 < place.mirror.most_at_once <= 8


async def test_a_cancelled_preview_leaves_nothing_behind(place: Place) -> None:
    place.mirror.fault("/simple/six/", Fault(delay=60))
    planning = asyncio.create_task(place.plan(SIX))
    while not place.mirror.requests:  # noqa: ASYNC110 - the planning does it
        await asyncio.sleep(0.01)
    planning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await planning
    assert await place.is_untouched()
