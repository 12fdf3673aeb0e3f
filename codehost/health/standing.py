"""How the code hosts stand, as metrics. Pure."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from codehost.model.budget import SECOND
from codehost.model.jobs import JobState
from codehost.model.status import HostStatus, Status

_WITH_REASON = (JobState.ERRORED, JobState.FAILED)


def families(status: Status) -> Iterator[Metric]:
    """One family of gauges after the other."""
    yield _jobs(status)
    yield from _queues(status)
    yield from _budgets(status)
    yield from _mirrors(status)
    yield _marks(status)
    yield from _workers(status)


def _jobs(status: Status) -> Metric:
    family = GaugeMetricFamily(
        "codehost_jobs",
        "Wanted releases by the state of their job; errored and failed ones by reason, too.",
        labels=["code_host", "state", "reason"],
    )
    for host in status.hosts:
        for labels, number in _by_state_and_reason(host):
            family.add_metric([host.record.host.name, *labels], number)
    return family


def _by_state_and_reason(host: HostStatus) -> Iterator[tuple[tuple[str, str], int]]:
    for state, number in host.record.counts.items():
        if state not in _WITH_REASON:
            yield (state.value, ""), number
    for (state, reason), number in host.record.reasons.items():
        yield (state.value, reason), number


def _queues(status: Status) -> Iterator[Metric]:
    ready = GaugeMetricFamily("codehost_jobs_ready", "Jobs that may be claimed now.", labels=["code_host"])
    retired = GaugeMetricFamily(
        "codehost_releases_retired", "Releases that no pin names any more.", labels=["code_host"]
    )
    problem = GaugeMetricFamily(
        "codehost_code_host_condition",
        "1 where it holds: paused, due (a document is to be planned), problem (it cannot be), removed.",
        labels=["code_host", "condition"],
    )
    for host in status.hosts:
        record, name = host.record, host.record.host.name
        ready.add_metric([name], record.ready)
        retired.add_metric([name], record.retired)
        conditions = {
            "paused": record.host.paused,
            "due": record.host.due,
            "problem": record.host.problem is not None,
            "removed": record.host.removed_at is not None,
        }
        for condition, holds in conditions.items():
            problem.add_metric([name, condition], float(holds))
    yield from (ready, retired, problem)


def _budgets(status: Status) -> Iterator[Metric]:
    cap = GaugeMetricFamily(
        "codehost_budget_requests_per_hour", "The hourly budget; none without a limit.", labels=["code_host"]
    )
    left = GaugeMetricFamily(
        "codehost_budget_left", "What the budget allows in this hour; none without a limit.", labels=["code_host"]
    )
    for host in status.hosts:
        budget = host.budget
        if budget is not None and budget.requests_per_hour is not None and budget.left is not None:
            cap.add_metric([host.record.host.name], budget.requests_per_hour)
            left.add_metric([host.record.host.name], budget.left)
    yield from (cap, left)


def _mirrors(status: Status) -> Iterator[Metric]:
    is_open = GaugeMetricFamily(
        "codehost_circuit_open",
        "1 while a mirror that failed is left alone, 0 while it is still asked.",
        labels=["code_host", "mirror", "reason"],
    )
    failures = GaugeMetricFamily(
        "codehost_circuit_failures", "Failures of a mirror in a row.", labels=["code_host", "mirror", "reason"]
    )
    for host in status.hosts:
        for circuit in host.record.circuits:
            labels = [host.record.host.name, circuit.url, circuit.reason]
            is_open.add_metric(labels, float(circuit.open_until is not None and circuit.open_until > status.now))
            failures.add_metric(labels, circuit.failures)
    yield from (is_open, failures)


def _marks(status: Status) -> Metric:
    family = GaugeMetricFamily(
        "codehost_marked_releases",
        "Synced releases that bear a mark: yanked, quarantined, gone, alarm.",
        labels=["code_host", "mark"],
    )
    for host in status.hosts:
        marks = host.record.marks
        numbers = {
            "yanked": marks.yanked,
            "quarantined": marks.quarantined,
            "gone": marks.gone,
            "alarm": marks.alarmed,
        }
        for mark, number in numbers.items():
            family.add_metric([host.record.host.name, mark], number)
    return family


def _workers(status: Status) -> Iterator[Metric]:
    seen = GaugeMetricFamily(
        "codehost_worker_seen_age_seconds",
        "Time since a worker, of those seen within a day, last told the database that it lives.",
        labels=["worker"],
    )
    for worker in status.workers:
        seen.add_metric([worker.owner], max(status.now - worker.seen_at, 0) / SECOND)
    leases = GaugeMetricFamily("codehost_leases", "Jobs that a worker has in hand.", labels=["worker"])
    for owner in sorted({*status.leases, *(worker.owner for worker in status.alive)}):
        leases.add_metric([owner], status.leases.get(owner, 0))
    waiting = GaugeMetricFamily(
        "codehost_waiting_workers",
        "Workers that wait now: for the budget, the pace, a mirror, or the storage.",
        labels=["code_host", "kind"],
    )
    waits = Counter((wait.code_host, wait.kind.value) for worker in status.alive for wait in worker.waits)
    for labels, number in sorted(waits.items()):
        waiting.add_metric(list(labels), number)
    yield from (seen, leases, waiting)
