"""Metrics of one worker process: what it does itself, and how the code hosts stand by the database.

The names are listed in docs/metrics.md and stay as they are.
"""

from collections.abc import Awaitable, Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from codehost.health.standing import families
from codehost.model.errors import UserError
from codehost.model.events import (
    BudgetWait,
    BytesReceived,
    Event,
    MirrorRests,
    NotSynced,
    Observer,
    PaceWait,
    RequestSent,
    Returned,
    Stage,
    StageEntered,
    Synced,
)
from codehost.model.pins import Pin
from codehost.model.status import Status
from codehost.model.workers import WaitKind
from codehost.net.elapsed import elapsed

_STAGE_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)

ReadStatus = Callable[[], Awaitable[Status]]


class Metrics:
    """Counts what it is told of, and asks the database for the rest when it is read.

    It is an observer itself, for work whose code host has no name; ``of`` gives one for each code host.

    Args:
        read: how the code hosts stand now; raises ``UserError`` while the database cannot be asked.
        clock: seconds on a clock that is never set.
    """

    def __init__(self, read: ReadStatus, *, clock: Callable[[], float] = elapsed) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._read = read
        self._clock = clock
        self._beaten_at = clock()
        self._status: Status | None = None
        self._observers: dict[str, _HostMetrics] = {}
        self.registry = CollectorRegistry()
        self._counters = _Counters(self.registry)
        self.registry.register(self)

    def of(self, code_host: str) -> Observer:
        """The observer of one code host's work; the same one each time."""
        if code_host not in self._observers:
            self._observers[code_host] = _HostMetrics(self._counters, code_host, self._clock)
        return self._observers[code_host]

    def notify(self, event: Event) -> None:
        """Take note of an event of a code host without a name."""
        self.of("").notify(event)

    def beat(self) -> None:
        """The process has just told the database that it lives."""
        self._beaten_at = self._clock()

    async def render(self) -> bytes:
        """The text for Prometheus. Without the database, what this process knows by itself."""
        try:
            status = await self._read()
        except UserError:
            status = None
        # Nothing is awaited between here and the end: no other reader can change it.
        self._status = status
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """Prometheus' protocol: what is not counted here but is known when it is read."""
        age = GaugeMetricFamily(
            "codehost_heartbeat_age_seconds", "Time since this process last told the database that it lives."
        )
        age.add_metric([], self._clock() - self._beaten_at)
        yield age
        up = GaugeMetricFamily("codehost_database_up", "1 if the database answered for this page, else 0.")
        up.add_metric([], float(self._status is not None))
        yield up
        if self._status is not None:
            yield from families(self._status)

    def describe(self) -> Iterator[Metric]:
        """Prometheus' protocol: asked when it is registered, before there is anything to collect."""
        return iter(())


class _Counters:
    """What one process counts, with the code host's name as the first label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "codehost_requests",
            "Requests sent to mirrors, redirects and retries included.",
            ["code_host"],
            registry=registry,
        )
        self.bytes = Counter(
            "codehost_received_bytes", "Bytes of distribution files that arrived.", ["code_host"], registry=registry
        )
        self.outcomes = Counter(
            "codehost_outcomes",
            "Jobs that left this process: synced, not_synced with the reason of the failure, or returned.",
            ["code_host", "outcome", "reason"],
            registry=registry,
        )
        self.waits = Counter(
            "codehost_waits",
            "How often somebody had to wait: for the budget, the pace, or a mirror.",
            ["code_host", "kind"],
            registry=registry,
        )
        self.stages = Histogram(
            "codehost_stage_seconds",
            "How long releases stayed in a stage.",
            ["code_host", "stage"],
            buckets=_STAGE_SECONDS,
            registry=registry,
        )


class _HostMetrics:
    """The observer of one code host's work."""

    def __init__(self, counters: _Counters, code_host: str, clock: Callable[[], float]) -> None:
        self._counters = counters
        self._name = code_host
        self._clock = clock
        self._entered: dict[Pin, tuple[Stage, float]] = {}
        # What is counted from the start shows its first step.
        counters.requests.labels(code_host)
        counters.bytes.labels(code_host)

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case StageEntered(pin=pin, stage=stage):
                self._enter(pin, stage)
            case BytesReceived(count=count):
                self._counters.bytes.labels(self._name).inc(count)
            case RequestSent():
                self._counters.requests.labels(self._name).inc()
            case Synced(pin=pin):
                self._leave(pin, "synced")
            case NotSynced(pin=pin, failure=failure):
                self._leave(pin, "not_synced", failure.reason.value)
            case Returned(pin=pin):
                # It was stopped in the middle of a stage: that says nothing of how long one takes.
                self._entered.pop(pin, None)
                self._leave(pin, "returned")
            case BudgetWait():
                self._wait(WaitKind.BUDGET)
            case PaceWait():
                self._wait(WaitKind.PACE)
            case MirrorRests():
                self._wait(WaitKind.MIRROR)
            case _:
                pass

    def _enter(self, pin: Pin, stage: Stage) -> None:
        if stage is Stage.RESOLVE:
            # The first one: an earlier try of the pin was dropped without a word when its lease was lost.
            self._entered.pop(pin, None)
        self._end_stage(pin)
        self._entered[pin] = (stage, self._clock())

    def _leave(self, pin: Pin, outcome: str, reason: str = "") -> None:
        self._end_stage(pin)
        self._counters.outcomes.labels(self._name, outcome, reason).inc()

    def _end_stage(self, pin: Pin) -> None:
        if (entered := self._entered.pop(pin, None)) is not None:
            stage, at = entered
            self._counters.stages.labels(self._name, stage.value).observe(self._clock() - at)

    def _wait(self, kind: WaitKind) -> None:
        self._counters.waits.labels(self._name, kind.value).inc()
