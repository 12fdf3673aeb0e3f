"""Watching upstream, on a real database, with mirrors that answer from memory."""

import asyncio
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason, UserError
from codehost.model.ports import FoundRoot, PageResponse, Validators
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.marks import Marks, WatchedRelease
from codehost.record.watches import MISSING, Watch, Watches
from codehost.watching import Watching, asked_now
from tests.patience import eventually
from tests.record.helpers import feed_of
from tests.record.watched import MIRROR, SHA256, change_watch, released, synced, watched
from tests.simulator.fetcher import MemoryFetcher, MemoryRoots, html_page, link

OTHER = "https://other.example/simple"
DAY = 86_400.0


def page(*files: str, root: str = MIRROR, project: str = "six", etag: str | None = None, end: str = "") -> PageResponse:
    anchors = (link(f"{name}#sha256={SHA256}") for name in files)
    return replace(html_page(f"{root}/{project}/", *anchors, end), etag=etag)


def answer(status: int, root: str = MIRROR) -> PageResponse:
    return PageResponse(status=status, url=f"{root}/six/", content_type="", body=b"")


@dataclass(slots=True)
class Bench:
    """A code host with two mirrors; ``answers`` are what the pages of six say, one look after the other."""

    database: Database
    host: int
    fetcher: MemoryFetcher = field(default_factory=MemoryFetcher)
    mirrors: tuple[Mirror, ...] = (Mirror(url=MIRROR), Mirror(url=OTHER, position=1))
    roots: MemoryRoots = field(default_factory=MemoryRoots)
    interval: float = DAY

    def watching(self) -> Watching:
        return Watching(
            watches=Watches(self.database, jitter=lambda: 0.0),
            code_host_id=self.host,
            mirrors=self.mirrors,
            fetcher=self.fetcher,
            roots=self.roots,
            interval=self.interval,
            jitter=lambda: 0.5,
        )

    async def looks(self, *answers: PageResponse | Failure, root: str = MIRROR) -> None:
        """One look after the other, as if a day went by between them."""
        watching = self.watching()
        await watching.watches.enrol(self.host, DAY)
        for said in answers:
            self.fetcher.pages[f"{root}/six/"] = [said]
            await change_watch(self.database, "six", next_at=0)
            await watching.step(asyncio.Event())

    async def kinds(self) -> list[str]:
        return [str(change.kind) for change in await feed_of(self.database)]

    async def row(self) -> Any:
        return next(row for row in await watched(self.database) if row.project == "six")


@pytest.fixture
async def bench(database: Database) -> Bench:
    return Bench(database, await synced(database, "six==1.0"))


async def test_an_unchanged_page_costs_one_request_and_nothing_else(bench: Bench) -> None:
    await bench.looks(page("six-1.0.tar.gz", etag='"one"'))
    first = await bench.row()
    await bench.looks(page(etag='"one"'))
    assert bench.fetcher.asked == [(MIRROR, f"{MIRROR}/six/")] * 2
    assert (await released(bench.database, "host/six/1.0")).gone_at is None
    assert await bench.kinds() == []
    second = await bench.row()
    assert (second.etag, second.message) == ('"one"', None)
    assert second.looked_at > first.looked_at
    assert second.next_at - second.looked_at == pytest.approx(DAY * 1_000_000, abs=5_000_000)


async def test_an_unchanged_answer_from_another_address_is_asked_again(bench: Bench) -> None:
    await bench.looks(page("six-1.0.tar.gz", etag='"one"'))
    await change_watch(bench.database, "six", page_url=f"{MIRROR}/SIX/")
    await bench.looks(page("six-2.0.tar.gz", etag='"one"'))
    assert len(bench.fetcher.asked) == 3
    assert await bench.kinds() == ["marked"]


async def test_a_file_that_goes_and_comes_back(bench: Bench) -> None:
    await bench.looks(page("six-2.0.tar.gz"))
    gone_at = (await released(bench.database, "host/six/1.0")).gone_at
    assert gone_at > 0
    await bench.looks(page("six-3.0.tar.gz"))
    assert (await released(bench.database, "host/six/1.0")).gone_at == gone_at
    await bench.looks(page("six-1.0.tar.gz"))
    assert (await released(bench.database, "host/six/1.0")).gone_at is None
    assert await bench.kinds() == ["marked", "marked"]


async def test_a_digest_that_changes_is_an_alarm_and_changes_nothing_else(bench: Bench) -> None:
    before = await released(bench.database, "host/six/1.0")
    other = hashlib.sha256(b"other").hexdigest()
    with capture_logs() as logs:
        changed = html_page(f"{MIRROR}/six/", link(f"six-1.0.tar.gz#sha256={other}"))
        await bench.looks(changed, changed)
    after = await released(bench.database, "host/six/1.0")
    assert f"sha256 {other}, recorded is {SHA256}" in after.alarm
    assert [new for new, old in zip(after, before, strict=True) if new != old] == [after.alarm]
    assert await bench.kinds() == ["marked"]
    [alarm] = [entry for entry in logs if entry["action"] == "digest_alarm"]
    assert (alarm["log_level"], alarm["repository"], alarm["mirror"]) == ("error", "host/six/1.0", MIRROR)
    with capture_logs() as logs:
        await bench.looks(page("six-1.0.tar.gz"))
    assert (await released(bench.database, "host/six/1.0")).alarm is None
    assert [entry["action"] for entry in logs] == ["marked", "digest_alarm_over"]


ILL: list[PageResponse | Failure] = [
    answer(500),
    answer(401),
    answer(403),
    answer(304),
    Failure(Reason.NETWORK, "no answer"),
    replace(answer(200), body=b"ok", content_type="text/plain"),
    page(end="<form></form>"),
    # By redirect to another mirror, which says something of its own files.
    page("six-2.0.tar.gz", root=OTHER),
]


@pytest.mark.parametrize("ill", ILL)
async def test_a_mirror_that_is_ill_marks_nothing_however_often(bench: Bench, ill: PageResponse | Failure) -> None:
    await bench.looks(ill, ill, ill)
    assert (await released(bench.database, "host/six/1.0")).gone_at is None
    assert await bench.kinds() == []
    row = await bench.row()
    assert row.message not in {None, MISSING}
    # It is asked again sooner than a page that was read.
    assert row.next_at - row.looked_at == pytest.approx(DAY / 4 * 1_000_000, abs=5_000_000)


@pytest.mark.parametrize("missing", [answer(404), answer(410), page()])
async def test_a_project_is_gone_when_its_mirror_says_so_twice(bench: Bench, missing: PageResponse) -> None:
    await bench.looks(missing)
    assert (await bench.row()).message == MISSING
    assert await bench.kinds() == []
    await bench.looks(missing)
    assert (await released(bench.database, "host/six/1.0")).gone_at is not None
    await bench.looks(missing, page("six-1.0.tar.gz"))
    assert (await released(bench.database, "host/six/1.0")).gone_at is None
    assert await bench.kinds() == ["marked", "marked"]


async def test_two_answers_with_an_error_or_a_page_between_them_are_not_twice(bench: Bench) -> None:
    await bench.looks(answer(404), answer(500), answer(404), page("six-1.0.tar.gz"), answer(404))
    assert await bench.kinds() == []


async def test_a_mirror_that_lacks_everything_is_not_believed(bench: Bench) -> None:
    await synced(bench.database, "other==1")
    watches = bench.watching().watches
    await watches.enrol(bench.host, DAY)
    await bench.looks(answer(404), answer(404), answer(404))
    assert await bench.kinds() == []
    await change_watch(bench.database, "other", looked_at=clock(), message=None)
    await bench.looks(answer(404))
    assert await bench.kinds() == ["marked"]


async def test_a_mirror_whose_root_is_not_found_any_more_is_not_believed(bench: Bench) -> None:
    base = "https://moved.example"
    bench.mirrors = (Mirror(url=base),)
    bench.host = await synced(bench.database, "six==1.0", name="moved", mirror=base, page_url=f"{base}/simple/six/")
    bench.roots.found[base] = FoundRoot(root=f"{base}/simple", witness=f"{base}/simple/")
    await bench.looks(answer(404, f"{base}/simple"), answer(404, f"{base}/simple"), root=f"{base}/simple")
    assert await bench.kinds() == []
    assert "no simple API found at" in str((await bench.row()).message)


async def test_a_quarantined_project(bench: Bench) -> None:
    quarantined = page(end='<meta name="pypi:project-status" content="quarantined">')
    await bench.looks(quarantined, quarantined)
    row = await released(bench.database, "host/six/1.0")
    assert (row.quarantined, row.gone_at) == (True, None)
    await bench.looks(page("six-1.0.tar.gz"))
    assert not (await released(bench.database, "host/six/1.0")).quarantined
    assert await bench.kinds() == ["marked", "marked"]


@pytest.mark.parametrize("mirrors", [(Mirror(url=OTHER),), (Mirror(url=MIRROR, enabled=False),)])
async def test_a_mirror_that_is_configured_no_more_is_not_asked(bench: Bench, mirrors: tuple[Mirror, ...]) -> None:
    bench.mirrors = mirrors
    await bench.looks(page(), page())
    assert bench.fetcher.asked == []
    assert (await bench.row()).message == "the mirror is not configured, or disabled"


async def test_releases_of_several_mirrors_are_asked_for_in_turn(bench: Bench) -> None:
    await synced(bench.database, "six==2.0", mirror=OTHER, page_url=f"{OTHER}/six/")
    for root in (MIRROR, OTHER):
        bench.fetcher.pages[f"{root}/six/"] = [page("six-3.0.tar.gz", root=root)]
    watching = bench.watching()
    await watching.watches.enrol(bench.host, DAY)
    for repositories in ({"host/six/2.0"}, {"host/six/1.0", "host/six/2.0"}):
        await change_watch(bench.database, "six", next_at=0)
        await watching.step(asyncio.Event())
        assert {change.repository for change in await feed_of(bench.database)} == repositories
    row = await bench.row()
    assert row.next_at - row.looked_at == pytest.approx(DAY / 2 * 1_000_000, abs=5_000_000)


async def test_a_defect_costs_one_look(bench: Bench) -> None:
    bench.fetcher.pages[f"{MIRROR}/six/"] = []
    watching = bench.watching()
    await watching.watches.enrol(bench.host, DAY)
    await change_watch(bench.database, "six", next_at=0)
    with capture_logs() as logs:
        await watching.step(asyncio.Event())
    assert (await bench.row()).message == "unexpected IndexError"
    assert [entry["action"] for entry in logs] == ["watch_crashed", "watch_failed"]


async def test_it_runs_until_it_is_stopped_and_notices_what_is_synced(bench: Bench) -> None:
    bench.interval = 0.1
    bench.fetcher.pages[f"{MIRROR}/six/"] = [page("six-1.0.tar.gz"), page("six-2.0.tar.gz")]
    stop = asyncio.Event()
    running = asyncio.create_task(bench.watching().run(stop))
    await eventually(bench.kinds)
    stop.set()
    await asyncio.wait_for(running, 5)
    asked = len(bench.fetcher.asked)
    assert asked >= 2
    await asyncio.sleep(0.2)
    assert len(bench.fetcher.asked) == asked


async def test_a_look_that_waits_does_not_hold_up_the_stop(bench: Bench) -> None:
    asking = asyncio.Event()

    class Slow(MemoryFetcher):
        async def page(self, mirror: Mirror, url: str, validators: Validators | None = None) -> PageResponse:
            asking.set()
            await asyncio.sleep(3_600)
            return await super().page(mirror, url, validators)

    bench.interval, bench.fetcher = 0.1, Slow()
    stop = asyncio.Event()
    running = asyncio.create_task(bench.watching().run(stop))
    await asyncio.wait_for(asking.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert await bench.kinds() == []


async def test_without_its_database_it_ends(bench: Bench) -> None:
    async with bench.database.write() as connection:
        await connection.exec_driver_sql("DROP TABLE watches")
    with pytest.raises(UserError):
        await asyncio.wait_for(bench.watching().run(asyncio.Event()), 5)


def of(mirror: str, *, gone: bool = False) -> WatchedRelease:
    return WatchedRelease(
        release_id=1,
        project="six",
        version="1",
        repository="r",
        mirror=mirror,
        page_url=mirror,
        file_name="f",
        sha256=SHA256,
        commit="c",
        synced_at=1,
        marks=Marks(gone=gone),
    )


TURNS = [
    ("a", False, (of("a"),), "a"),
    ("a", False, (of("a"), of("b")), "b"),
    ("b", False, (of("a"), of("b")), "a"),
    # Releases of a mirror may come and go between two looks.
    ("c", False, (of("a"), of("b")), "a"),
    ("", False, (of("b"),), "b"),
    # Once missed, the mirror is heard again first, until nothing of it is left to mark.
    ("a", True, (of("a"), of("b")), "a"),
    ("a", True, (of("a", gone=True), of("b")), "b"),
    ("c", True, (of("a"),), "a"),
]


@pytest.mark.parametrize(("last", "missed", "releases", "now"), TURNS)
def test_whose_turn_it_is(last: str, releases: tuple[WatchedRelease, ...], now: str, *, missed: bool) -> None:
    watch = Watch(
        code_host_id=1,
        project="six",
        mirror=last,
        page_url="",
        looked_at=1,
        taken_at=2,
        missed=missed,
        releases=releases,
    )
    assert asked_now(watch) == (now, tuple(release for release in releases if release.mirror == now))
