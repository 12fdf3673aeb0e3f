from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from codehost.app.daemon.telling import LogLines, OnSynced, Several, Stages, wall_clock
from codehost.model.errors import Failure, Reason
from codehost.model.events import (
    BudgetWait,
    BytesReceived,
    Event,
    MirrorBack,
    MirrorRests,
    NotSynced,
    PaceWait,
    RequestSent,
    Returned,
    Stage,
    StageEntered,
    Synced,
)
from codehost.model.jobs import LeasedJob
from codehost.model.pins import parse_pin
from tests.record.helpers import download, report, resolution

MIRROR = "https://mirror.example.com/simple"
PIN, OTHER = parse_pin("six==1.0"), parse_pin("attrs==1.0")
JOB = LeasedJob(job_id=1, release_id=1, code_host_id=1, pin=PIN, repository="python/six/1.0", epoch=1, attempt=1)
SYNCED = Synced(pin=PIN, repository=JOB.repository, resolution=resolution(JOB), download=download(JOB), report=report())
FAILED = NotSynced(pin=PIN, failure=Failure(Reason.NETWORK, "it refused the connection", mirror=MIRROR))
SENT, SPENT = RequestSent(left=3), BudgetWait(seconds=12.34)
RESTS = MirrorRests(mirror=MIRROR, seconds=30.04, message="it answered 500")
BACK = MirrorBack(mirror=MIRROR)

LINES: list[tuple[list[Event], list[str]]] = [
    ([SYNCED], ["synced"]),
    ([FAILED], ["not_synced"]),
    ([Returned(pin=PIN)], ["returned"]),
    # A wait is told once, until a request goes.
    ([SPENT, SPENT, SPENT], ["budget_wait"]),
    ([SPENT, SENT, SPENT], ["budget_wait", "budget_wait"]),
    ([RESTS, RESTS], ["mirror_rests"]),
    ([RESTS, BACK, RESTS], ["mirror_rests", "mirror_back", "mirror_rests"]),
    ([StageEntered(pin=PIN, stage=Stage.PACK), BytesReceived(pin=PIN, count=3), PaceWait(seconds=9.0), SENT], []),
]


@pytest.mark.parametrize(("events", "actions"), LINES)
def test_one_line_for_what_matters(events: list[Event], actions: list[str]) -> None:
    lines = LogLines("host")
    with capture_logs() as logged:
        for event in events:
            lines.notify(event)
    assert [line["action"] for line in logged] == actions
    assert all(line["code_host"] == "host" for line in logged)


def test_what_a_line_says() -> None:
    lines = LogLines("host")
    with capture_logs() as logged:
        for event in (SYNCED, FAILED, SPENT, RESTS):
            lines.notify(event)
    synced, failed, spent, rests = logged
    assert (synced["pin"], synced["repository"], synced["commit"]) == ("six==1.0", "python/six/1.0", "c" * 40)
    assert (failed["reason"], failed["log_level"]) == ("network", "warning")
    assert failed["message"] == f"it refused the connection (mirror {MIRROR})"
    assert spent["seconds"] == 12.3
    assert (rests["mirror"], rests["seconds"], rests["message"]) == (MIRROR, 30.0, "it answered 500")


@pytest.mark.parametrize("end", [SYNCED, FAILED, Returned(pin=PIN)])
def test_where_pins_stand_until_they_end(end: Event) -> None:
    stages, before = Stages(), wall_clock()
    for event in (
        StageEntered(pin=PIN, stage=Stage.RESOLVE),
        StageEntered(pin=OTHER, stage=Stage.RESOLVE),
        StageEntered(pin=PIN, stage=Stage.DOWNLOAD),
        SENT,
    ):
        stages.notify(event)
    assert {pin: stage for pin, (stage, _) in stages.entered.items()} == {PIN: Stage.DOWNLOAD, OTHER: Stage.RESOLVE}
    assert all(before <= since <= wall_clock() for _, since in stages.entered.values())
    stages.notify(end)
    assert list(stages.entered) == [OTHER]


@dataclass(slots=True)
class Kept:
    events: list[Event] = field(default_factory=list)

    def notify(self, event: Event) -> None:
        self.events.append(event)


def test_several_hear_all_and_one_acts_on_what_was_synced() -> None:
    one, other, acted = Kept(), Kept(), []
    told = Several((one, OnSynced(lambda: acted.append(1)), other))
    for event in (FAILED, SYNCED, SENT):
        told.notify(event)
    assert one.events == other.events == [FAILED, SYNCED, SENT]
    assert acted == [1]


def test_pins_that_ended_without_a_word_are_forgotten() -> None:
    stages = Stages()
    for pin in (PIN, OTHER):
        stages.notify(StageEntered(pin=pin, stage=Stage.RESOLVE))
    stages.keep_only({OTHER})
    assert list(stages.entered) == [OTHER]
