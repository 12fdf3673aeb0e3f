"""``/api/v1/status`` and ``/api/v1/workers``: how everything stands, as ``codehost status --json`` prints it."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from codehost.model.status_json import status_to_json
from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.ports import Lookout

T = TypeVar("T")


class JobCounts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Wanted releases by the state of their job."""

    queued: int
    processing: int
    completed: int
    errored: int
    failed: int
    cancelled: int


class Failing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many jobs are in a state for a reason, who can act, and what to do."""

    state: str
    reason: str
    count: int
    who: str | None
    advice: str | None


class NextJob(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the next jobs. ``again``: an earlier try failed."""

    position: int
    pin: str
    repository: str
    queued_at: str
    again: bool


class Queue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``ready`` jobs may be claimed now; ``later`` ones are tried again when their time has come, ``laterAt`` first."""

    ready: int
    next: tuple[NextJob, ...]
    later: int
    later_at: str | None


class Pace(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The attempts that ended, and the requests that were granted, within the last ``seconds``."""

    seconds: float
    completed: int
    errored: int
    failed: int
    requests: int
    per_minute: float


class Budget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The hourly budget. ``requestsPerHour`` is null without a limit, and 0 when paused."""

    requests_per_hour: int | None
    spent: int
    left: int | None
    next_in_seconds: float | None


class Circuit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mirror that failed of late, so often in a row. It is left alone until ``openUntil``; null: it is asked."""

    mirror: str
    failures: int
    since: str
    open_until: str | None
    reason: str
    message: str


class MarkCounts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many wanted releases bear which mark."""

    yanked: int
    quarantined: int
    gone: int
    alarms: int


class Alarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a release's mirror did that needs a person's eye."""

    repository: str
    message: str


class HostStanding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a code host stands. ``due``: there is something to plan. ``secondsLeft``: how long the rest takes."""

    name: str
    source: str
    priority: int
    paused: bool
    due: bool
    removed: bool
    problem: str | None
    jobs: JobCounts
    retired: int
    failures: tuple[Failing, ...]
    queue: Queue
    pace: Pace
    budget: Budget | None
    seconds_left: float | None
    circuits: tuple[Circuit, ...]
    marks: MarkCounts
    alarms: tuple[Alarm, ...]


class Doing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A pin in flight."""

    repository: str
    stage: str
    since: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a worker waits for: ``budget``, ``pace``, ``mirror`` or ``storage``."""

    kind: str
    code_host: str
    since: str
    until: str | None
    mirror: str | None


class Worker(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A worker process. ``alive``: it was seen a short while ago."""

    owner: str
    host: str
    pid: int
    version: str
    started_at: str
    seen_at: str
    alive: bool
    stopping: bool
    doing: tuple[Doing, ...]
    waits: tuple[Waiting, ...]


class Lease(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many jobs a worker has in hand."""

    owner: str
    jobs: int


class StatusNow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How everything stands at a moment, by the database's clock."""

    at: str
    code_hosts: tuple[HostStanding, ...]
    workers: tuple[Worker, ...]
    leases: tuple[Lease, ...]


class Workers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The worker processes that were seen within a day, the oldest first."""

    at: str
    items: tuple[Worker, ...]


class Standing:
    """How everything stands, and who works."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout

    def endpoints(self) -> list[Endpoint]:
        """Both."""
        return [
            Endpoint(
                method="GET",
                path="/status",
                name="getStatus",
                summary="How every code host and worker stands, as codehost status --json prints it",
                tag="status",
                handle=self.show,
                answers={200: StatusNow},
            ),
            Endpoint(
                method="GET",
                path="/workers",
                name="listWorkers",
                summary="The worker processes: what they do and what they wait for",
                tag="status",
                handle=self.workers,
                answers={200: Workers},
            ),
        ]

    async def show(self, _call: Call[Nothing, None]) -> Answer:
        """Everything."""
        return Answer(content=await status_now(self._lookout))

    async def workers(self, _call: Call[Nothing, None]) -> Answer:
        """Who works."""
        now = await status_now(self._lookout)
        return Answer(content=Workers(at=now.at, items=now.workers))


async def status_now(lookout: Lookout) -> StatusNow:
    """How everything stands, as answers have it."""
    return shaped(status_to_json(await lookout.status()), StatusNow)


def shaped(content: Mapping[str, Any], into: type[T]) -> T:
    """What a command prints, as the API describes it."""
    return msgspec.json.decode(msgspec.json.encode(content), type=into)
