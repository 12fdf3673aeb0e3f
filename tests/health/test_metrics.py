"""The metrics: what is counted, what is read, and that docs/metrics.md names each of them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from codehost.health.metrics import Metrics
from codehost.model.errors import Failure, Reason, UserError
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
from codehost.model.status import Status
from tests.model.statuses import STATUS
from tests.record.helpers import download, report, resolution
from tests.serve.test_metrics import served

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
PIN = parse_pin("six==1.0")
JOB = LeasedJob(job_id=1, release_id=1, code_host_id=1, pin=PIN, repository="python/six/1.0", epoch=1, attempt=1)
SYNCED = Synced(pin=PIN, repository=JOB.repository, resolution=resolution(JOB), download=download(JOB), report=report())
FAILED = NotSynced(pin=PIN, failure=Failure(Reason.NETWORK, "x"))

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True, kw_only=True)
class World:
    now: float = 100.0
    status: Status | None = STATUS
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.read, clock=lambda: self.now)

    async def read(self) -> Status:
        if self.status is None:
            raise UserError("The database is not there.")
        return self.status

    def tell(self, *events: Event, code_host: str = "work") -> None:
        for event in events:
            self.metrics.of(code_host).notify(event)

    async def samples(self) -> dict[str, dict[Labels, float]]:
        found: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families((await self.metrics.render()).decode()):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
        return found


@pytest.fixture
def world() -> World:
    return World()


def labels(**values: str) -> Labels:
    return tuple(sorted(values.items()))


WORK = labels(code_host="work")


async def test_events_are_counted(world: World) -> None:
    world.tell(RequestSent(left=5), RequestSent(left=None), BytesReceived(pin=PIN, count=7))
    world.tell(BudgetWait(seconds=5), PaceWait(seconds=5), PaceWait(seconds=5))
    world.tell(MirrorRests(mirror="https://m", seconds=3, message="x"), MirrorBack(mirror="https://m"))
    world.tell(SYNCED, FAILED, FAILED, Returned(pin=PIN))
    world.tell(RequestSent(left=1), code_host="other")
    found = await world.samples()
    assert found["codehost_requests_total"] == {WORK: 2, labels(code_host="other"): 1}
    assert found["codehost_received_bytes_total"][WORK] == 7
    assert found["codehost_waits_total"] == {
        labels(code_host="work", kind="budget"): 1,
        labels(code_host="work", kind="pace"): 2,
        labels(code_host="work", kind="mirror"): 1,
    }
    assert found["codehost_outcomes_total"] == {
        labels(code_host="work", outcome="synced", reason=""): 1,
        labels(code_host="work", outcome="not_synced", reason="network"): 2,
        labels(code_host="work", outcome="returned", reason=""): 1,
    }


async def test_a_new_code_host_shows_its_zeros(world: World) -> None:
    world.metrics.of("work")
    assert (await world.samples())["codehost_requests_total"] == {WORK: 0}
    assert world.metrics.of("work") is world.metrics.of("work")


async def test_it_is_an_observer_itself(world: World) -> None:
    world.metrics.notify(RequestSent(left=None))
    assert (await world.samples())["codehost_requests_total"] == {labels(code_host=""): 1}


def stages(found: dict[str, dict[Labels, float]]) -> dict[str, tuple[float, float]]:
    sums, counts = found.get("codehost_stage_seconds_sum", {}), found.get("codehost_stage_seconds_count", {})
    return {dict(key)["stage"]: (counts[key], sums[key]) for key in sums}


async def test_stages_take_from_one_to_the_next(world: World) -> None:
    for stage, seconds in ((Stage.RESOLVE, 1), (Stage.DOWNLOAD, 2), (Stage.PACK, 3), (Stage.PUBLISH, 4)):
        world.tell(StageEntered(pin=PIN, stage=stage))
        world.now += seconds
    world.tell(SYNCED)
    assert stages(await world.samples()) == {"resolve": (1, 1), "download": (1, 2), "pack": (1, 3), "publish": (1, 4)}


async def test_a_stage_that_was_cut_short_is_not_measured(world: World) -> None:
    world.tell(StageEntered(pin=PIN, stage=Stage.RESOLVE))
    world.now += 9
    world.tell(Returned(pin=PIN), StageEntered(pin=PIN, stage=Stage.RESOLVE))
    # Then its lease was lost, of which nobody tells.
    world.now += 99
    world.tell(StageEntered(pin=PIN, stage=Stage.RESOLVE))
    world.now += 1
    world.tell(FAILED)
    assert stages(await world.samples()) == {"resolve": (1, 1)}


async def test_one_pin_of_two_code_hosts(world: World) -> None:
    for name in ("work", "other"):
        world.tell(StageEntered(pin=PIN, stage=Stage.RESOLVE), code_host=name)
        world.now += 1
    world.tell(SYNCED)
    world.tell(SYNCED, code_host="other")
    sums = (await world.samples())["codehost_stage_seconds_sum"]
    assert sorted(sums.values()) == [1, 2]


async def test_heartbeat(world: World) -> None:
    world.now += 30
    assert (await world.samples())["codehost_heartbeat_age_seconds"] == {(): 30}
    world.metrics.beat()
    world.now += 2
    assert (await world.samples())["codehost_heartbeat_age_seconds"] == {(): 2}


READ = [
    ("codehost_database_up", {}, 1),
    ("codehost_jobs", {"code_host": "busy", "state": "queued", "reason": ""}, 7),
    ("codehost_jobs", {"code_host": "busy", "state": "errored", "reason": "network"}, 3),
    ("codehost_jobs", {"code_host": "busy", "state": "failed", "reason": "blocked"}, 1),
    ("codehost_jobs", {"code_host": "quiet", "state": "completed", "reason": ""}, 3),
    ("codehost_jobs_ready", {"code_host": "busy"}, 8),
    ("codehost_releases_retired", {"code_host": "busy"}, 2),
    ("codehost_code_host_condition", {"code_host": "busy", "condition": "paused"}, 1),
    ("codehost_code_host_condition", {"code_host": "busy", "condition": "problem"}, 1),
    ("codehost_code_host_condition", {"code_host": "quiet", "condition": "due"}, 0),
    ("codehost_budget_requests_per_hour", {"code_host": "busy"}, 600),
    ("codehost_budget_left", {"code_host": "busy"}, 0),
    ("codehost_circuit_open", {"code_host": "busy", "mirror": "https://mirror.example.com/simple"}, 1),
    ("codehost_circuit_open", {"code_host": "busy", "mirror": "https://other.example.com"}, 0),
    ("codehost_circuit_failures", {"code_host": "busy", "mirror": "https://mirror.example.com/simple"}, 5),
    ("codehost_marked_releases", {"code_host": "busy", "mark": "yanked"}, 3),
    ("codehost_marked_releases", {"code_host": "busy", "mark": "alarm"}, 2),
    ("codehost_worker_seen_age_seconds", {"worker": "gone:1:def"}, 120),
    ("codehost_leases", {"worker": "gone:1:def"}, 2),
    ("codehost_leases", {"worker": "machine:7:abc"}, 1),
    ("codehost_waiting_workers", {"code_host": "busy", "kind": "mirror"}, 1),
]


@pytest.mark.parametrize(("name", "given", "value"), READ)
async def test_what_is_read(world: World, name: str, given: dict[str, str], value: float) -> None:
    found = (await world.samples())[name]
    assert [number for key, number in found.items() if given.items() <= dict(key).items()] == [value]


async def test_each_state_is_counted_once(world: World) -> None:
    found = (await world.samples())["codehost_jobs"]
    assert sum(number for key, number in found.items() if ("code_host", "busy") in key) == 12


async def test_without_a_limit_there_is_no_budget(world: World) -> None:
    found = await world.samples()
    assert labels(code_host="quiet") not in found["codehost_budget_left"]


async def test_without_the_database_the_rest_is_there(world: World) -> None:
    await world.samples()
    world.status = None
    world.tell(RequestSent(left=1))
    found = await world.samples()
    assert found["codehost_database_up"] == {(): 0}
    assert found["codehost_requests_total"][WORK] == 1
    assert "codehost_jobs" not in found


async def test_two_processes_share_nothing(world: World) -> None:
    world.tell(RequestSent(left=1))
    assert "codehost_requests_total" not in await World().samples()


def described(page: bytes) -> dict[str, tuple[str, str]]:
    """Each metric's type and labels, by its name as a query has it."""
    found = {}
    for family in text_string_to_metric_families(page.decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        names = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, ", ".join(f"`{one}`" for one in sorted(names)) or "none")
    return found


async def test_every_metric_is_documented_as_it_is(world: World) -> None:
    rows = re.findall(r"^\| `(codehost_\w+)` \| (\w+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    world.tell(StageEntered(pin=PIN, stage=Stage.RESOLVE), FAILED, BudgetWait(seconds=1))
    page = await world.metrics.render() + served().render()
    assert {name: (kind, given.strip()) for name, kind, given in rows} == described(page)
