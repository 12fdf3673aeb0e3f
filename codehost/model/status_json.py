"""The status as one object: what ``codehost status --json`` prints, by ``schema/status.schema.json``. Pure."""

from datetime import UTC, datetime

from codehost.model.budget import SECOND
from codehost.model.errors import FACTS, Reason
from codehost.model.jobs import JobState
from codehost.model.status import BudgetState, HostStatus, Pace, Status, is_alive
from codehost.model.workers import Circuit, RecordedWorker

Json = dict[str, object]


def status_to_json(status: Status) -> Json:
    """The object. Moments are in RFC 3339, durations in seconds."""
    return {
        "at": _moment(status.now),
        "codeHosts": [_host(host) for host in status.hosts],
        "workers": [_worker(worker, status.now) for worker in status.workers],
        "leases": [{"owner": owner, "jobs": number} for owner, number in sorted(status.leases.items())],
    }


def _host(status: HostStatus) -> Json:
    record, host, marks = status.record, status.record.host, status.record.marks
    return {
        "name": host.name,
        "source": host.source,
        "priority": host.priority,
        "paused": host.paused,
        "due": host.due,
        "removed": host.removed_at is not None,
        "problem": host.problem,
        "jobs": {state.value: record.counts[state] for state in JobState},
        "retired": record.retired,
        "failures": [_failure(state, reason, number) for (state, reason), number in record.reasons.items()],
        "queue": {
            "ready": record.ready,
            "next": [
                {
                    "position": job.position,
                    "pin": f"{job.project}=={job.pinned_version}",
                    "repository": job.repository,
                    "queuedAt": _moment(job.queued_at),
                    "again": job.again,
                }
                for job in record.next
            ],
            "later": record.later,
            "laterAt": _moment(record.later_at),
        },
        "pace": _pace(record.pace),
        "budget": None if status.budget is None else _budget(status.budget),
        "secondsLeft": _rounded(status.seconds_left),
        "circuits": [_circuit(circuit) for circuit in record.circuits],
        "marks": {
            "yanked": marks.yanked,
            "quarantined": marks.quarantined,
            "gone": marks.gone,
            "alarms": marks.alarmed,
        },
        "alarms": [{"repository": repository, "message": message} for repository, message in marks.alarms],
    }


def _failure(state: JobState, reason: str, number: int) -> Json:
    facts = FACTS[Reason(reason)] if reason in list(Reason) else None
    return {
        "state": state.value,
        "reason": reason,
        "count": number,
        "who": None if facts is None else facts.who.value,
        "advice": None if facts is None else facts.advice,
    }


def _pace(pace: Pace) -> Json:
    return {
        "seconds": _rounded(pace.seconds),
        "completed": pace.completed,
        "errored": pace.errored,
        "failed": pace.failed,
        "requests": pace.requests,
        "perMinute": _rounded(pace.per_minute),
    }


def _budget(budget: BudgetState) -> Json:
    return {
        "requestsPerHour": budget.requests_per_hour,
        "spent": budget.spent,
        "left": budget.left,
        "nextInSeconds": _rounded(budget.next_in),
    }


def _circuit(circuit: Circuit) -> Json:
    return {
        "mirror": circuit.url,
        "failures": circuit.failures,
        "since": _moment(circuit.since),
        "openUntil": _moment(circuit.open_until),
        "reason": circuit.reason,
        "message": circuit.message,
    }


def _worker(worker: RecordedWorker, now: int) -> Json:
    return {
        "owner": worker.owner,
        "host": worker.host,
        "pid": worker.pid,
        "version": worker.version,
        "startedAt": _moment(worker.started_at),
        "seenAt": _moment(worker.seen_at),
        "alive": is_alive(worker, now),
        "stopping": worker.stopping,
        "doing": [
            {"repository": one.repository, "stage": one.stage, "since": _moment(one.since)} for one in worker.doing
        ],
        "waits": [
            {
                "kind": wait.kind.value,
                "codeHost": wait.code_host,
                "since": _moment(wait.since),
                "until": _moment(wait.until),
                "mirror": wait.mirror,
            }
            for wait in worker.waits
        ],
    }


def _moment(microseconds: int | None) -> str | None:
    if microseconds is None:
        return None
    # RFC 3339, section 5.6
    return datetime.fromtimestamp(microseconds // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
