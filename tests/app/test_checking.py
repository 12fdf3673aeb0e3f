import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from codehost.app.asking import AskingRequest
from codehost.app.checking import check
from codehost.app.storage import Storage
from codehost.app.syncing import sync
from codehost.checking.judging import Access, CheckedMirror, Security
from codehost.checking.report import CheckReport
from codehost.config.loading import load
from codehost.model.datadir import DataDirectory
from codehost.model.errors import Reason
from codehost.record.database import open_database
from codehost.record.presence import is_there
from codehost.record.tables import ledger
from codehost.resolve.roots import How
from tests.app.asking import Asking
from tests.app.helpers import request
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Fault, Mirror
from tests.simulator.proxy import Proxy
from tests.wiring import Watcher, add_sdist

PIN = "six==1.0"
LISTING = Fault(
    body=b'<html><head><title>Simple index</title></head><body><a href="/simple/attrs/">attrs</a></body></html>'
)


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as made:
        add_sdist(made, PIN)
        yield made


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(data=DataDirectory(tmp_path / "data"))


def document(*urls: object, pins: tuple[str, ...] = (PIN,), **more: object) -> str:
    return json.dumps({"urls": urls, "dependencies": pins, **more})


async def checked(storage: Storage, text: str, view: Asking | None = None) -> CheckReport:
    config = load(text.encode()).config
    assert config is not None
    return await check(storage, AskingRequest(name="host", config=config), view or Asking())


async def one(storage: Storage, entry: object, *pins: str) -> CheckedMirror:
    report = await checked(storage, document(entry, pins=pins or (PIN,)))
    return report.mirrors[0]


async def test_a_mirror_that_is_well(storage: Storage, mirror: Mirror) -> None:
    report = await checked(storage, document(mirror.url))
    (only,) = report.mirrors
    assert (report.well, report.project, report.requests_sent, report.requests_left) == (True, "six", 1, None)
    assert (only.security, only.access, only.warnings) == (Security.NONE, Access.NONE, ())
    assert only.probe is not None
    assert (only.probe.api, only.probe.root, only.probe.how) == ("JSON", mirror.url, How.WRITTEN)
    assert only.outcome is not None
    assert only.outcome.seconds is not None
    assert 0 < only.outcome.seconds < 30
    assert mirror.paths() == ["/simple/six/"]
    assert not storage.data.root.exists()


async def test_html_and_a_base_url(storage: Storage, mirror: Mirror) -> None:
    mirror.html = True
    only = await one(storage, mirror.base)
    assert only.probe is not None
    assert (only.probe.api, only.probe.root, only.probe.how) == ("HTML", mirror.url, How.PROJECT_PAGE)


@pytest.mark.parametrize("pins", [(), ("no-such==1",)])
async def test_without_the_project_the_listing_tells(storage: Storage, mirror: Mirror, pins: tuple[str, ...]) -> None:
    mirror.fault("/simple/", LISTING)
    report = await checked(storage, document(mirror.base, pins=pins))
    (only,) = report.mirrors
    assert only.probe is not None
    assert (report.well, only.probe.how, only.warnings) == (True, How.LISTING, ())


async def test_a_place_without_a_simple_api_is_not_well(storage: Storage) -> None:
    async with Mirror() as empty:
        for path in ("somewhere", "somewhere/simple"):
            only = await one(storage, f"{empty.base}/{path}")
            assert (only.unsure, only.well, only.failure, only.warnings) == (True, False, None, ())


@pytest.mark.parametrize(
    ("given", "access"),
    [
        ({"username": "user", "password": "canary"}, Access.ACCEPTED),
        ({"username": "user", "password": "wrong-canary"}, Access.REFUSED),
        ({"bearerToken": "wrong-canary"}, Access.REFUSED),
        ({}, Access.MISSING),
    ],
)
async def test_credentials(storage: Storage, given: dict[str, str], access: Access) -> None:
    async with Mirror(username="user", password="canary") as private:
        add_sdist(private, PIN)
        only = await one(storage, {"url": private.url, **given})
    assert (only.access, only.well) == (access, access is Access.ACCEPTED)
    assert (only.failure is None) or only.failure.reason is Reason.AUTH
    assert any("plain http" in warning for warning in only.warnings) == bool(given)
    assert "canary" not in repr(only) + str(only.failure)


@pytest.mark.parametrize(
    ("entry", "security"),
    [
        ({"caBundle": "BUNDLE"}, Security.VERIFIED),
        ({"verifyTLS": False}, Security.NOT_VERIFIED),
        ({}, Security.UNKNOWN),
    ],
)
async def test_tls(storage: Storage, tmp_path: Path, entry: dict[str, object], security: Security) -> None:
    authority = Authority()
    bundle = {name: authority.bundle(tmp_path) if value == "BUNDLE" else value for name, value in entry.items()}
    async with Mirror(ssl_context=authority.server()) as safe:
        add_sdist(safe, PIN)
        only = await one(storage, {"url": safe.url, **bundle})
    assert (only.security, only.well) == (security, bool(entry))
    assert (only.failure is None) or "caBundle" in str(only.failure)


async def test_a_proxy_that_refuses_is_not_the_mirror(storage: Storage, mirror: Mirror) -> None:
    async with Proxy(username="user", password="canary") as proxy:
        only = await one(storage, {"url": mirror.url, "username": "me", "password": "canary", "proxy": proxy.url})
    assert only.failure is not None
    assert (only.failure.reason, only.access) == (Reason.AUTH, Access.UNKNOWN)
    assert mirror.requests == []


async def test_disabled_mirrors_are_not_asked_and_the_same_place_is_told(storage: Storage, mirror: Mirror) -> None:
    async with Mirror() as off:
        entries = (mirror.url, {"url": off.url, "enabled": False}, mirror.base)
        report = await checked(storage, document(*entries))
        assert off.requests == []
    assert [one.well for one in report.mirrors] == [True, True, True]
    assert report.mirrors[2].warnings == (f"it has the same simple API as {mirror.url}: one of the two is enough",)


async def test_all_at_the_same_time_within_their_time_outs(storage: Storage) -> None:
    slow = [Mirror() for _ in range(4)]
    for one_of_them in slow:
        one_of_them.fault("/simple/six/", Fault(delay=60))
    async with slow[0], slow[1], slow[2], slow[3], Mirror() as quick:
        add_sdist(quick, PIN)
        entries = [{"url": mirror.url, "totalTimeoutMs": 300} for mirror in slow]
        view = Asking()
        report = await checked(storage, document(*entries, quick.url), view)
    assert [one.well for one in report.mirrors] == [False] * 4 + [True]
    assert (view.total, view.done) == (5, 5)


async def test_all_are_asked_at_the_same_time(storage: Storage) -> None:
    never = Fault(delay=3600)
    async with Mirror() as one, Mirror() as other:
        for mirror in (one, other):
            mirror.fault("/simple/six/", never)
        checking = asyncio.create_task(checked(storage, document(one.url, other.url), view := Asking()))
        async with asyncio.timeout(60):
            # Neither has answered, and both are asked: one after the other, the second would never be.
            while not (one.requests and other.requests):  # noqa: ASYNC110 - the check does it
                await asyncio.sleep(0.01)
        assert view.done == 0
        checking.cancel()
        with suppress(asyncio.CancelledError):
            await checking


async def test_a_paused_code_host_asks_nobody(storage: Storage, mirror: Mirror) -> None:
    report = await checked(storage, document(mirror.url, rateLimit={"requestsPerHour": 0}))
    assert (report.paused, report.well, mirror.requests) == (True, True, [])


async def test_its_requests_count_and_what_it_finds_is_remembered(
    mirror: Mirror, database_url: str, tmp_path: Path
) -> None:
    storage = Storage(data=DataDirectory(tmp_path / "data"), database_url=database_url)
    text = document(mirror.base, rateLimit={"requestsPerHour": 100})
    assert (await checked(storage, text)).requests_left is None
    assert not await is_there(database_url, tmp_path)
    await sync(storage, request(document(mirror.base, pins=(), rateLimit={"requestsPerHour": 100})), Watcher())
    first, second = await checked(storage, text), await checked(storage, text)
    found = [report.mirrors[0].probe for report in (first, second)]
    assert [probe and probe.how for probe in found] == [How.PROJECT_PAGE, How.REMEMBERED]
    assert (first.requests_left, second.requests_left) == (99, 98)
    async with open_database(database_url, tmp_path) as database, database.read() as connection:
        assert (await connection.execute(select(func.sum(ledger.c.tokens)))).scalar_one() == 2


async def test_a_cancelled_check_leaves_nobody_asking(storage: Storage, mirror: Mirror) -> None:
    mirror.fault("/simple/six/", Fault(delay=60))
    asking = asyncio.create_task(checked(storage, document(mirror.url)))
    while not mirror.requests:  # noqa: ASYNC110 - the check does it
        await asyncio.sleep(0.01)
    assert askers()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert askers() == []


def askers() -> list[str]:
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks() if not task.done())
    return [name for name in names if name.startswith("_ask_all")]
