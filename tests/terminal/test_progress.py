import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from codehost.model.errors import Failure, Reason
from codehost.model.events import (
    BudgetWait,
    BytesReceived,
    Event,
    NotSynced,
    PaceWait,
    RequestSent,
    Returned,
    Stage,
    StageEntered,
    Synced,
)
from codehost.model.members import IngestReport
from codehost.model.pins import Pin, parse_pin
from codehost.model.releases import DistributionFile, Download, FileKind, Resolution
from codehost.terminal.lines import LastingConsole
from codehost.terminal.progress import LiveProgress, PlainProgress, choose_progress

SIX, ATTRS = parse_pin("six==1.0"), parse_pin("attrs==2.0")


def synced(pin: Pin, *, skipped: int = 0, yanked: str | None = None, filename: str = "six-1.0.tar.gz") -> Synced:
    file = DistributionFile(
        filename=filename, url="https://m.example/f", kind=FileKind.SDIST, version="1", yanked=yanked
    )
    return Synced(
        pin=pin,
        repository=pin.repository(),
        resolution=Resolution(pin=pin, mirror="m", page_url="p", file=file, why="", asked=()),
        download=Download(path="p", size=1, sha256="ab", verified=(), final_url="u"),
        report=IngestReport(commit="c", tree="t", files=7, unpacked_bytes=1, packed_bytes=1, skipped=skipped, skips=()),
    )


def not_synced(pin: Pin, what: str, reason: Reason = Reason.NETWORK) -> NotSynced:
    return NotSynced(pin=pin, failure=Failure(reason, what))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (synced(SIX), "[1/2] synced six==1.0 -> python/six/1.0 (six-1.0.tar.gz, 7 files)"),
        (
            synced(SIX, skipped=3, yanked=""),
            "[1/2] synced six==1.0 -> python/six/1.0 (six-1.0.tar.gz, 7 files, 3 skipped, yanked)",
        ),
        (not_synced(SIX, "no answer"), "[1/2] not synced six==1.0: network: no answer"),
        (
            not_synced(SIX, "said [bold]\x1b[2J :bug:\nsynced all"),
            r"[1/2] not synced six==1.0: network: said [bold]\x1b[2J :bug:\nsynced all",
        ),
        (Returned(pin=SIX), "[0/2] stopped six==1.0: it goes on with the next sync"),
        (
            PaceWait(seconds=240.0),
            "[0/2] the rest of the budget is spread over the hour; one request each 240 s",
        ),
        (BudgetWait(seconds=61.7), "[0/2] the hourly budget is spent; the next request may go in 62 s"),
        (StageEntered(pin=SIX, stage=Stage.PACK), None),
        (BytesReceived(pin=SIX, count=1), None),
        (RequestSent(left=3), None),
    ],
)
def test_plain_lines(event: Event, line: str | None) -> None:
    output = io.StringIO()
    with PlainProgress(Console(file=output, width=40)) as progress:
        progress.begin(total=2, requests_per_hour=60)
        progress.notify(event)
    expected = ["2 to sync, 60 requests an hour", *([line] if line else [])]
    assert output.getvalue().splitlines() == expected


class Refusing(io.StringIO):
    """A stream that cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error
        self.tries = 0

    def write(self, _text: str) -> int:
        self.tries += 1
        raise self.error


@pytest.mark.parametrize(
    ("error", "tries"), [(OSError(28, "No space left on device"), 3), (BrokenPipeError(32, "Broken pipe"), 1)]
)
def test_plain_goes_on_when_nobody_can_be_told(error: OSError, tries: int) -> None:
    stream = Refusing(error)
    with PlainProgress(LastingConsole(file=stream)) as progress:
        progress.begin(total=2, requests_per_hour=60)
        for event in (synced(SIX), not_synced(ATTRS, "no answer")):
            progress.notify(event)
    assert (progress.tally.done, progress.tally.synced, stream.tries) == (2, 1, tries)


def test_plain_without_a_limit() -> None:
    output = io.StringIO()
    PlainProgress(Console(file=output)).begin(total=0, requests_per_hour=None)
    assert output.getvalue() == "0 to sync, no limit\n"


def live(events: Sequence[Event], *, total: int = 12, requests_per_hour: int | None = None) -> str:
    """What a terminal shows after these events, without colours."""
    console = Console(file=io.StringIO(), force_terminal=True, width=120, height=40, color_system=None)
    progress = LiveProgress(console)
    with progress:
        progress.begin(total=total, requests_per_hour=requests_per_hour)
        for event in events:
            progress.notify(event)
        screen = Console(file=io.StringIO(), width=120, color_system=None)
        screen.print(progress)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_live_counts_and_pins_in_flight() -> None:
    shown = live(
        [
            RequestSent(left=5),
            BytesReceived(pin=SIX, count=1500),
            synced(SIX),
            not_synced(ATTRS, "no answer"),
            *(StageEntered(pin=parse_pin(f"p{number}==1"), stage=Stage.DOWNLOAD) for number in range(10)),
        ]
    )
    assert "2/12" in shown
    assert "1 synced | 1 not synced | 10 to go\n" in shown
    assert "1.5 kB received | 1 requests, 5 left this hour | about 0 s left\n" in shown
    assert "download  p0==1" in shown
    assert "p8==1" not in shown
    assert "and 2 more" in shown


def test_live_says_that_it_waits_for_the_budget() -> None:
    shown = live([BudgetWait(seconds=1800)])
    assert "waiting 1800 s for the budget" in shown


@pytest.mark.parametrize(("left", "said"), [(30, "30 s"), (90, "1 min 30 s"), (7320, "2 h 2 min")])
def test_live_tells_the_time_left_at_the_configured_rate(left: int, said: str) -> None:
    # One request for each release, one a second.
    shown = live([RequestSent(left=0), synced(SIX)], total=left + 1, requests_per_hour=3600)
    assert f"about {said} left" in shown


def test_live_draws_and_clears_itself() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=80, height=20)
    with choose_progress(console) as progress:
        assert isinstance(progress, LiveProgress)
        progress.begin(total=2, requests_per_hour=None)
        progress.notify(StageEntered(pin=SIX, stage=Stage.PACK))
    assert "six==1.0" in output.getvalue()
    # ECMA-48, 8.3.41: the last thing drawn is erased line by line.
    assert output.getvalue().rstrip().endswith("\x1b[2K")


def test_plain_where_there_is_no_terminal() -> None:
    assert isinstance(choose_progress(Console(file=io.StringIO())), PlainProgress)
