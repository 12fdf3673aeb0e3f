"""A status with something of everything."""

from dataclasses import replace

from codehost.model.budget import SECOND, Spent
from codehost.model.jobs import JobState
from codehost.model.status import HostRecord, Marks, Pace, QueuedJob, SeenCodeHost, Status, status_of
from codehost.model.workers import Circuit, Doing, RecordedWorker, Wait, WaitKind

NOW = 1_700_000_000 * SECOND

QUIET = SeenCodeHost(
    code_host_id=1,
    name="quiet",
    source="sync",
    priority=100,
    document_sha256="a",
    applied_sha256=None,
    applied_at=None,
    sync_requested_at=None,
    paused=False,
    removed_at=None,
    problem=None,
)
BUSY = replace(QUIET, code_host_id=2, name="busy", source="hosts", problem="The file is not valid.", paused=True)
NONE = dict.fromkeys(JobState, 0)

MIRROR = "https://mirror.example.com/simple"
RESTING = Circuit(
    url=MIRROR,
    failures=5,
    since=NOW - 60 * SECOND,
    open_until=NOW + 25 * SECOND,
    reason="server-error",
    message="answered 500",
)
QUIET_RECORD = HostRecord(
    host=QUIET,
    counts={**NONE, JobState.COMPLETED: 3},
    pace=Pace(seconds=600),
    spent=Spent(tokens=0, oldest=None),
    budget_now=NOW,
)
BUSY_RECORD = HostRecord(
    host=BUSY,
    counts={**NONE, JobState.QUEUED: 7, JobState.PROCESSING: 1, JobState.ERRORED: 3, JobState.FAILED: 1},
    reasons={(JobState.ERRORED, "network"): 3, (JobState.FAILED, "blocked"): 1},
    retired=2,
    ready=8,
    next=(
        QueuedJob(position=1, repository="python/a/1", project="a", pinned_version="1", queued_at=NOW, again=True),
        QueuedJob(position=2, repository="python/b/2", project="b", pinned_version="2", queued_at=NOW),
    ),
    later=2,
    later_at=NOW + 90 * SECOND,
    pace=Pace(seconds=600, completed=10, errored=3, failed=2, requests=30),
    spent=Spent(tokens=600, oldest=NOW - 3_000 * SECOND),
    budget_now=NOW,
    circuits=(RESTING, replace(RESTING, url="https://other.example.com", failures=1, open_until=None)),
    marks=Marks(yanked=3, gone=1, alarmed=2, alarms=(("python/c/3", "Other bytes."),)),
)
ALIVE = RecordedWorker(
    owner="machine:7:abc",
    host="machine",
    version="0.1.0",
    pid=7,
    started_at=NOW - 3_600 * SECOND,
    seen_at=NOW - 2 * SECOND,
    stopping=True,
    doing=(Doing(repository="python/d/4", stage="download", since=NOW - 3 * SECOND),),
    waits=(
        Wait(kind=WaitKind.BUDGET, code_host="busy", since=NOW - 300 * SECOND, until=NOW + 12 * SECOND),
        Wait(kind=WaitKind.PACE, code_host="busy", since=NOW),
        Wait(kind=WaitKind.MIRROR, code_host="busy", since=NOW, until=NOW + 25 * SECOND, mirror=MIRROR),
    ),
)
GONE = replace(ALIVE, owner="gone:1:def", seen_at=NOW - 120 * SECOND, stopping=False, doing=(), waits=())

STATUS = Status(
    now=NOW,
    hosts=(status_of(BUSY_RECORD, 600), status_of(QUIET_RECORD, None)),
    workers=(ALIVE, GONE),
    leases={ALIVE.owner: 1, GONE.owner: 2},
)
