import asyncio
import gzip
import hashlib
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from codehost.download.downloader import Downloader
from codehost.model import codehosts
from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits
from codehost.model.pins import parse_pin
from codehost.model.releases import DistributionFile, Download, FileKind, Resolution
from codehost.net.fetcher import FetchSettings, HttpFetcher
from tests.net.wire import raw_server
from tests.simulator.fetcher import MemoryFetcher, MemoryFile
from tests.simulator.mirror import Fault, Mirror

NAME = "six-1.0.tar.gz"
DATA = bytes(range(256)) * 20
SHA = hashlib.sha256(DATA).hexdigest()
LIMITS = Limits(file_bytes=10_000)


class CountingBudget:
    def __init__(self) -> None:
        self.spent = 0

    async def spend(self) -> None:
        self.spent += 1


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
def budget() -> CountingBudget:
    return CountingBudget()


@pytest.fixture
async def fetcher(budget: CountingBudget) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(budget, FetchSettings(silence=0.3), sleep=no_sleep) as fetcher:
        yield fetcher


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        mirror.add(NAME, DATA)
        yield mirror


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content_of(download: Download) -> bytes:
    return Path(download.path).read_bytes()


def resolution(
    mirror: Mirror, *, hashes: dict[str, str] | None = None, size: int | None = None, url: str | None = None
) -> Resolution:
    file = DistributionFile(
        filename=NAME,
        url=url or mirror.file_url(NAME),
        kind=FileKind.SDIST,
        version="1",
        hashes={"sha256": SHA} if hashes is None else hashes,
        size=size,
    )
    pin = parse_pin("six==1.0")
    return Resolution(pin=pin, mirror=mirror.url, page_url=f"{mirror.url}/six/", file=file, why="", asked=())


async def fetch(
    fetcher: HttpFetcher | MemoryFetcher, spool: Path, mirror: Mirror, wanted: Resolution, limits: Limits = LIMITS
) -> tuple[Download, list[int]]:
    received: list[int] = []
    downloader = Downloader(fetcher, spool, sleep=no_sleep)
    entry = codehosts.Mirror(url=mirror.url)
    return await downloader.download(wanted, entry, "job-1", limits, received.append), received


@pytest.mark.parametrize(
    ("hashes", "verified"),
    [
        ({"sha256": SHA}, ("sha256",)),
        ({"md5": hashlib.md5(DATA).hexdigest(), "sha256": SHA}, ("sha256", "md5")),
        ({}, ()),
        ({"unknown": "00"}, ()),
    ],
)
@pytest.mark.parametrize("chunked", [True, False])
async def test_download(
    fetcher: HttpFetcher,
    tmp_path: Path,
    mirror: Mirror,
    budget: CountingBudget,
    hashes: dict[str, str],
    verified: tuple[str, ...],
    chunked: bool,  # noqa: FBT001 - a column of the table
) -> None:
    mirror.chunked = chunked
    download, received = await fetch(fetcher, tmp_path, mirror, resolution(mirror, hashes=hashes, size=len(DATA)))
    assert download == Download(
        path=str(tmp_path / "job-1"),
        size=len(DATA),
        sha256=SHA,
        verified=verified,
        final_url=mirror.file_url(NAME),
    )
    assert names_in(tmp_path) == ["job-1"]
    assert (tmp_path / "job-1").read_bytes() == DATA
    assert sum(received) == len(DATA)
    assert budget.spent == 1


async def test_links_of_another_ones_page_are_followed_without_credentials(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    async with Mirror(username="ada", password="secret") as private:
        private.add(NAME, DATA)
        own = resolution(private)
        tls = codehosts.Tls(verify=False, client_key_password="secret")
        given = codehosts.Credentials(username="ada", password="secret")
        token = codehosts.Header(name="X-Token", value="secret")
        entry = codehosts.Mirror(url=private.url, credentials=given, headers=(token,), tls=tls)
        downloader = Downloader(fetcher, tmp_path)
        assert (await downloader.download(own, entry, "job-1", LIMITS, lambda _: None)).sha256 == SHA
        foreign = replace(own, page_url="https://other.example/simple/six/")
        with pytest.raises(Failure, match="answered 401") as caught:
            await downloader.download(foreign, entry, "job-2", LIMITS, lambda _: None)
    assert (caught.value.reason, caught.value.mirror) == (Reason.AUTH, private.url)
    first, second = private.requests
    assert {"authorization", "x-token"} <= {name.lower() for name in first.headers}
    assert {"authorization", "x-token"}.isdisjoint({name.lower() for name in second.headers})


async def test_a_file_of_many_batches(fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror) -> None:
    data = os.urandom(5 << 20)
    mirror.add("six-2.0.tar.gz", data)
    wanted = resolution(mirror, hashes={}, url=mirror.file_url("six-2.0.tar.gz"))
    download, _ = await fetch(fetcher, tmp_path, mirror, wanted, Limits())
    assert content_of(download) == data
    assert download.sha256 == hashlib.sha256(data).hexdigest()


async def test_an_empty_file(fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror) -> None:
    mirror.fault(mirror.file_path(NAME), Fault(body=b""))
    download, _ = await fetch(fetcher, tmp_path, mirror, resolution(mirror, hashes={}))
    assert (download.size, content_of(download)) == (0, b"")


async def test_the_final_address_keeps_no_signature(
    fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror, budget: CountingBudget
) -> None:
    mirror.fault("/signed", Fault(redirect=f"{mirror.file_path(NAME)}?signature=secret"))
    download, _ = await fetch(fetcher, tmp_path, mirror, resolution(mirror, url=f"{mirror.base}/signed"))
    assert download.final_url == mirror.file_url(NAME)
    assert mirror.paths()[-1].endswith("?signature=secret")
    assert budget.spent == 2


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (Fault(status=503, times=1), 2),
        (Fault(status=429, retry_after="1", times=2), 3),
        (Fault(drop=True, times=2), 3),
        (Fault(send_only=100, times=2), 3),
        (Fault(delay=0.6, times=1), 2),
        (Fault(announce=6000, times=1), 2),
    ],
)
async def test_transport_failures_start_again_from_zero(
    fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror, budget: CountingBudget, fault: Fault, requests: int
) -> None:
    mirror.fault(mirror.file_path(NAME), fault)
    download, _ = await fetch(fetcher, tmp_path, mirror, resolution(mirror))
    assert content_of(download) == DATA
    assert budget.spent == len(mirror.requests) == requests


async def test_a_status_of_this_mirror_for_what_it_lacks(fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror) -> None:
    mirror.fault(mirror.file_path(NAME), Fault(status=403))
    found = resolution(mirror)
    for statuses, reason in ((frozenset({403}), Reason.FILE_NOT_FOUND), (frozenset({404}), Reason.AUTH)):
        entry = codehosts.Mirror(url=mirror.url, ignore_status_codes=statuses)
        with pytest.raises(Failure) as raised:
            await Downloader(fetcher, tmp_path).download(found, entry, NAME, Limits(), lambda _: None)
        assert raised.value.reason is reason


@pytest.mark.parametrize(
    ("fault", "reason", "what", "requests"),
    [
        (Fault(status=404), Reason.FILE_NOT_FOUND, "answered 404 Not Found", 1),
        (Fault(status=410), Reason.FILE_NOT_FOUND, "answered 410 Gone", 1),
        (Fault(status=401), Reason.AUTH, "answered 401", 1),
        (Fault(status=403), Reason.AUTH, "answered 403", 1),
        (Fault(status=429, retry_after="900"), Reason.THROTTLED, "answered 429", 1),
        (Fault(status=500), Reason.SERVER_ERROR, "answered 500", 3),
        (Fault(status=206, body=DATA), Reason.SERVER_ERROR, "answered 206 .* the whole of", 3),
        (Fault(status=204), Reason.FILE_NOT_FOUND, "answered 204", 1),
        (Fault(status=205), Reason.FILE_NOT_FOUND, "answered 205", 1),
        (Fault(status=304), Reason.FILE_NOT_FOUND, "answered 304", 1),
        (Fault(status=416), Reason.FILE_NOT_FOUND, "answered 416", 1),
        (Fault(status=600), Reason.SERVER_ERROR, "answered 600", 3),
        (Fault(drop=True), Reason.NETWORK, "without an answer", 3),
        (Fault(send_only=100), Reason.NETWORK, "broke before the whole body", 3),
        (Fault(body=b"other"), Reason.HASH_MISMATCH, f"its sha256 is .* promises {SHA}", 1),
        (Fault(body=b"x" * 10_001), Reason.TOO_LARGE, "more than 10000 bytes", 1),
        (Fault(redirect="ftp://h/x"), Reason.BLOCKED, "refused", 1),
        (Fault(redirect=f"/files/{NAME}"), Reason.FILE_NOT_FOUND, "in a circle", 1),
    ],
)
async def test_failures_leave_the_spool_empty(
    fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror, fault: Fault, reason: Reason, what: str, requests: int
) -> None:
    mirror.fault(mirror.file_path(NAME), fault)
    with pytest.raises(Failure, match=what) as caught:
        await fetch(fetcher, tmp_path, mirror, resolution(mirror))
    assert (caught.value.reason, caught.value.mirror) == (reason, mirror.url)
    assert caught.value.retry_after == (900.0 if fault.retry_after else None)
    assert len(mirror.requests) == requests
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("promised", "limit", "reason", "requests"),
    [
        (len(DATA) + 1, 10_000, Reason.HASH_MISMATCH, 1),
        (len(DATA) - 1, 10_000, Reason.HASH_MISMATCH, 1),
        (len(DATA), len(DATA) - 1, Reason.TOO_LARGE, 0),
        (None, len(DATA) - 1, Reason.TOO_LARGE, 1),
    ],
)
@pytest.mark.parametrize("chunked", [True, False])
async def test_sizes(
    fetcher: HttpFetcher,
    tmp_path: Path,
    mirror: Mirror,
    promised: int | None,
    limit: int,
    reason: Reason,
    requests: int,
    chunked: bool,  # noqa: FBT001 - a column of the table
) -> None:
    mirror.chunked = chunked
    with pytest.raises(Failure) as caught:
        await fetch(fetcher, tmp_path, mirror, resolution(mirror, size=promised), Limits(file_bytes=limit))
    assert caught.value.reason is reason
    assert len(mirror.requests) == requests
    assert names_in(tmp_path) == []


async def test_a_body_without_end_stops_at_the_limit(tmp_path: Path, mirror: Mirror) -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1000

    class Endless(MemoryFile):
        async def chunks(self) -> AsyncIterator[bytes]:
            for piece in pieces():
                yield piece

    fetcher = MemoryFetcher(files={mirror.file_url(NAME): [Endless()]})
    with pytest.raises(Failure) as caught:
        await fetch(fetcher, tmp_path, mirror, resolution(mirror))
    assert caught.value.reason is Reason.TOO_LARGE
    assert taken == 11
    assert names_in(tmp_path) == []


async def test_a_length_that_disagrees(tmp_path: Path, mirror: Mirror) -> None:
    fetcher = MemoryFetcher(files={mirror.file_url(NAME): [MemoryFile(pieces=[DATA], length=6000)]})
    with pytest.raises(Failure, match="instead of the announced 6000") as caught:
        await fetch(fetcher, tmp_path, mirror, resolution(mirror))
    assert caught.value.reason is Reason.NETWORK
    assert len(fetcher.asked) == 3
    assert names_in(tmp_path) == []


async def test_any_other_error_leaves_the_spool_empty(tmp_path: Path, mirror: Mirror) -> None:
    broken = MemoryFile(pieces=[DATA[:10]], broken=ZeroDivisionError("a defect"))
    with pytest.raises(ZeroDivisionError):
        await fetch(MemoryFetcher(files={mirror.file_url(NAME): [broken]}), tmp_path, mirror, resolution(mirror))
    assert names_in(tmp_path) == []


async def test_cancellation_leaves_the_spool_empty(tmp_path: Path, mirror: Mirror) -> None:
    started = asyncio.Event()

    class Stalled(MemoryFile):
        async def chunks(self) -> AsyncIterator[bytes]:
            yield b"x" * (2 << 20)
            started.set()
            await asyncio.sleep(60)

    fetcher = MemoryFetcher(files={mirror.file_url(NAME): [Stalled()]})
    task = asyncio.create_task(fetch(fetcher, tmp_path, mirror, resolution(mirror), Limits()))
    await started.wait()
    assert names_in(tmp_path) == ["job-1.part"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names_in(tmp_path) == []


async def test_cancellation_at_every_step_leaves_the_spool_empty(tmp_path: Path, mirror: Mirror) -> None:
    pieces = [DATA[:1000], DATA[1000:]]
    cancelled = finished = 0
    for steps in range(60):
        fetcher = MemoryFetcher(files={mirror.file_url(NAME): [MemoryFile(pieces=pieces)]})
        task = asyncio.create_task(fetch(fetcher, tmp_path, mirror, resolution(mirror)))
        for _ in range(steps):
            await asyncio.sleep(0.0002 if steps > 5 else 0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            cancelled += 1
            assert names_in(tmp_path) == []
        else:
            finished += 1
            assert names_in(tmp_path) == ["job-1"]
            (tmp_path / "job-1").unlink()
    assert cancelled
    assert finished


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "br"])
@pytest.mark.parametrize("promised", ["the file", "what is in it"])
async def test_a_label_changes_no_bytes(fetcher: HttpFetcher, tmp_path: Path, coding: str, promised: str) -> None:
    """Servers label a .tar.gz with its own compression; installers take the bytes as they come, and so do we."""
    sent = gzip.compress(DATA)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(sent)}\r\n\r\n"
        writer.write(head.encode() + sent)
        writer.close()

    async with raw_server(answer) as url:
        sha = hashlib.sha256(sent if promised == "the file" else DATA).hexdigest()
        wanted = resolution(Mirror(), hashes={"sha256": sha}, url=f"{url}/{NAME}")
        asking = Downloader(fetcher, tmp_path).download(wanted, codehosts.Mirror(url=url), NAME, LIMITS, lambda _: None)
        if promised == "the file":
            assert content_of(await asking) == sent
        else:
            with pytest.raises(Failure, match="is not what was promised") as caught:
                await asking
            assert caught.value.reason is Reason.HASH_MISMATCH
            assert names_in(tmp_path) == []


@contextmanager
def small_files() -> Iterator[None]:
    """The kernel refuses to let a file grow beyond 4,000 bytes, as a full disk would. The test's own output, too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_write_that_fails(fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror) -> None:
    with small_files(), pytest.raises(Failure, match="the spool cannot be written: File too large") as caught:
        await fetch(fetcher, tmp_path, mirror, resolution(mirror))
    assert caught.value.reason is Reason.STORAGE
    assert names_in(tmp_path) == []


async def test_a_spool_that_is_no_directory(fetcher: HttpFetcher, tmp_path: Path, mirror: Mirror) -> None:
    (tmp_path / "spool").write_bytes(b"")
    with pytest.raises(Failure) as caught:
        await fetch(fetcher, tmp_path / "spool", mirror, resolution(mirror))
    assert caught.value.reason is Reason.STORAGE
