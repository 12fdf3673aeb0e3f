from codehost.model.errors import Failure, Reason
from codehost.model.events import (
    BudgetWait,
    BytesReceived,
    Event,
    NotSynced,
    RequestSent,
    Returned,
    Stage,
    StageEntered,
    Synced,
)
from codehost.model.members import IngestReport
from codehost.model.pins import Pin, parse_pin
from codehost.model.releases import DistributionFile, Download, FileKind, Resolution
from codehost.model.tally import Tally

SIX, ATTRS = parse_pin("six==1.0"), parse_pin("attrs==2.0")
FAILURE = Failure(Reason.NETWORK, "no answer")


def synced(pin: Pin) -> Synced:
    file = DistributionFile(filename="f.tar.gz", url="https://m.example/f.tar.gz", kind=FileKind.SDIST, version="1")
    return Synced(
        pin=pin,
        repository=pin.repository(),
        resolution=Resolution(pin=pin, mirror="m", page_url="p", file=file, why="", asked=()),
        download=Download(path="p", size=1, sha256="ab", verified=(), final_url="u"),
        report=IngestReport(commit="c", tree="t", files=1, unpacked_bytes=1, packed_bytes=1, skipped=0, skips=()),
    )


def tally(*events: Event, total: int = 4, started: float = 100.0) -> Tally:
    made = Tally()
    made.begin(total, started)
    for event in events:
        made.notify(event)
    return made


def test_counts() -> None:
    counted = tally(
        StageEntered(pin=SIX, stage=Stage.RESOLVE),
        StageEntered(pin=ATTRS, stage=Stage.RESOLVE),
        RequestSent(left=9),
        StageEntered(pin=SIX, stage=Stage.DOWNLOAD),
        BytesReceived(pin=SIX, count=10),
        BytesReceived(pin=SIX, count=5),
        RequestSent(left=8),
    )
    assert counted.in_flight == {SIX: Stage.DOWNLOAD, ATTRS: Stage.RESOLVE}
    assert (counted.bytes, counted.requests, counted.requests_left, counted.done) == (15, 2, 8, 0)
    counted.notify(synced(SIX))
    counted.notify(NotSynced(pin=ATTRS, failure=FAILURE))
    assert (counted.synced, counted.failed, counted.done, counted.in_flight) == (1, 1, 2, {})


def test_a_returned_pin_is_neither_synced_nor_failed() -> None:
    counted = tally(StageEntered(pin=SIX, stage=Stage.PACK), Returned(pin=SIX), Returned(pin=ATTRS))
    assert (counted.done, counted.in_flight) == (0, {})


def test_a_pin_that_is_tried_again_counts_once() -> None:
    failed = NotSynced(pin=SIX, failure=FAILURE)
    counted = tally(failed, failed)
    assert (counted.synced, counted.failed, counted.done) == (0, 1, 1)
    counted.notify(synced(SIX))
    assert (counted.synced, counted.failed, counted.done) == (1, 0, 1)


def test_a_wait_ends_with_the_next_request() -> None:
    counted = tally(BudgetWait(seconds=90.0))
    assert counted.waiting_seconds == 90.0
    counted.notify(RequestSent(left=0))
    assert counted.waiting_seconds == 0.0


def test_time_left() -> None:
    assert tally().seconds_left(110.0, 3600) is None  # nothing is done, so nothing is known
    half = tally(synced(SIX), synced(ATTRS))
    assert half.seconds_left(110.0, None) == 10.0
    # Two requests a release, one a second: what the hour still allows is free, the rest takes its time.
    sent = [RequestSent(left=left) for left in (5, 4, 3, 2)]
    assert tally(*sent, synced(SIX), synced(ATTRS), total=102).seconds_left(100.2, 3600) == 198.0
    assert tally(*sent, synced(SIX), synced(ATTRS)).seconds_left(110.0, 3600) == 10.0
