"""How code hosts and workers stand, as lines for people."""

from collections.abc import Iterator

from codehost.model.budget import SECOND
from codehost.model.jobs import JobState
from codehost.model.records import Source
from codehost.model.status import BudgetState, HostRecord, HostStatus, Marks, Status, is_alive
from codehost.model.workers import Circuit, RecordedWorker, Wait, WaitKind
from codehost.terminal.counts import counted
from codehost.terminal.lines import duration

_SHOWN_DOING = 8


def status_lines(status: Status) -> Iterator[str]:
    """Everything, for a display that is drawn again and again: failures as counts by reason."""
    for host in status.hosts:
        record = host.record
        parts = [f"{record.counts[state]} {state}" for state in JobState if record.counts[state]]
        if record.retired:
            parts.append(f"{record.retired} retired")
        yield f"{record.host.name}: {', '.join(parts) or 'no releases'}"
        for line in (*host_lines(host, status, full=True), *_reasons(record)):
            yield f"  {line}"
    yield from worker_lines(status)


def host_lines(host: HostStatus, status: Status, *, full: bool) -> Iterator[str]:
    """What there is to say of a code host beyond its counts; ``full``: also when nothing goes on."""
    record = host.record
    yield from _conditions(record)
    if full or _goes_on(host) or status.alive:
        yield from _work(host, status.now)
    for circuit in record.circuits:
        yield _mirror(circuit, status.now)
    yield from _marks(record.marks)


def _goes_on(host: HostStatus) -> bool:
    record = host.record
    spent = host.budget is not None and host.budget.requests_per_hour != 0 and host.budget.left == 0
    # What a sync left in the queue waits for the next one.
    ready = record.ready and record.host.source != Source.SYNC
    return bool(ready or record.counts[JobState.PROCESSING] or spent)


def _conditions(record: HostRecord) -> Iterator[str]:
    host = record.host
    if host.removed_at is not None:
        yield "it is being removed"
        return
    if host.paused:
        yield f"paused: codehost hosts resume {host.name} lets its jobs go on"
    if host.problem:
        yield f"problem: {host.problem}"
    elif host.due:
        yield "its document is still to be planned"


def _work(host: HostStatus, now: int) -> Iterator[str]:
    record = host.record
    if host.budget is not None:
        yield _budget(host.budget)
    pace = record.pace
    if pace.ended:
        tried = f"{pace.completed} synced and {pace.errored + pace.failed} not synced"
        yield f"pace: {tried} within {duration(pace.seconds)}, {pace.per_minute:.1f} a minute"
    if record.next:
        yield _next(record)
    if record.later:
        until = "" if record.later_at is None else f", the first in {_until(record.later_at, now)}"
        yield f"later: {counted(record.later, 'failed job')} to try again{until}"
    if host.seconds_left:
        yield f"time left: about {duration(host.seconds_left)}"


def _budget(budget: BudgetState) -> str:
    cap = budget.requests_per_hour
    if cap is None:
        return "budget: no limit"
    if cap == 0:
        return "budget: 0 requests an hour, which pauses the code host"
    told = f"budget: {budget.spent} of {cap} requests spent, {budget.left} left"
    return f"{told}; the next request may go in {duration(budget.next_in)}" if budget.next_in else told


def _next(record: HostRecord) -> str:
    jobs = [f"{job.position}. {job.project}=={job.pinned_version}{' (again)' * job.again}" for job in record.next]
    more = record.ready - len(jobs)
    return f"next: {', '.join(jobs)}{f' and {more} more' if more > 0 else ''}"


def _mirror(circuit: Circuit, now: int) -> str:
    failures = f"{counted(circuit.failures, 'failure')}, {circuit.reason}"
    if circuit.open_until is not None and circuit.open_until > now:
        rest = _until(circuit.open_until, now)
        return f"mirror {circuit.url} is left alone for {rest} ({failures}): {circuit.message}"
    return f"mirror {circuit.url} failed of late and is asked again ({failures}): {circuit.message}"


def _marks(marks: Marks) -> Iterator[str]:
    numbers = {"yanked": marks.yanked, "quarantined": marks.quarantined, "gone": marks.gone, "alarmed": marks.alarmed}
    if any(numbers.values()):
        yield f"marked: {', '.join(f'{number} {mark}' for mark, number in numbers.items() if number)}"
    for repository, sentence in marks.alarms:
        yield f"alarm {repository}: {sentence}"
    if marks.alarmed > len(marks.alarms):
        yield f"and {counted(marks.alarmed - len(marks.alarms), 'more alarm')}"


def _reasons(record: HostRecord) -> Iterator[str]:
    if record.reasons:
        parts = [f"{number} {state} ({reason or 'no reason'})" for (state, reason), number in record.reasons.items()]
        yield f"not synced: {', '.join(parts)}"


def worker_lines(status: Status) -> Iterator[str]:
    """The workers, what they do and what they wait for; and that there is none where one is needed."""
    for worker in status.workers:
        leases = status.leases.get(worker.owner, 0)
        if is_alive(worker, status.now):
            yield from _alive(worker, leases, status.now)
        else:
            jobs = f"; its {counted(leases, 'job')} in hand will go to others" if leases else ""
            ago = duration(abs(status.now - worker.seen_at) / SECOND)
            yield f"worker {worker.owner} is gone without a word, last seen {ago} ago{jobs}"
    followed = [host.record for host in status.hosts if host.record.host.source != Source.SYNC]
    if not status.alive and any(record.ready or record.host.due or record.host.removed_at for record in followed):
        yield "no worker is alive: start codehost worker"


def _alive(worker: RecordedWorker, leases: int, now: int) -> Iterator[str]:
    stopping = ", stopping" if worker.stopping else ""
    hand = counted(leases, "job")
    yield f"worker {worker.owner} (process {worker.pid} on {worker.host}, {worker.version}{stopping}): {hand} in hand"
    for one in worker.doing[:_SHOWN_DOING]:
        yield f"  {one.stage} {one.repository} for {_since(one.since, now)}"
    if len(worker.doing) > _SHOWN_DOING:
        yield f"  and {len(worker.doing) - _SHOWN_DOING} more"
    for wait in worker.waits:
        yield f"  {_wait(wait, now)}"


def _wait(wait: Wait, now: int) -> str:
    what = {
        WaitKind.BUDGET: f"for the hourly budget of {wait.code_host}",
        WaitKind.PACE: f"for the pace of {wait.code_host}, which spreads its budget over the hour",
        WaitKind.MIRROR: f"for the mirror {wait.mirror} of {wait.code_host}, which is left alone",
        WaitKind.STORAGE: "for the data directory, which cannot be written: free space or mend its disk",
    }
    more = "" if wait.until is None else f", {_until(wait.until, now)} more"
    return f"waits {what[wait.kind]}, since {_since(wait.since, now)}{more}"


def _since(moment: int, now: int) -> str:
    return duration(max(now - moment, 0) / SECOND)


def _until(moment: int, now: int) -> str:
    return duration(max(moment - now, 0) / SECOND)
