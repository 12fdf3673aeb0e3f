import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from codehost.model.datadir import DataDirectory
from codehost.model.errors import FACTS, Reason
from codehost.model.jobs import JobState
from codehost.model.members import Skip, SkipReason
from codehost.model.records import AttemptOutcome, FailedRelease, RecordedAttempt, ReleaseDetails
from codehost.model.releases import Answer
from codehost.model.summary import SyncSummary
from codehost.terminal.tables import print_findings, print_release, print_status, print_summary

DATA = DataDirectory(Path("/srv/codehost"))
HOSTILE = "[bold]x[/bold] :bug: \x1b[2J\nforged"
HARMLESS = r"[bold]x[/bold] :bug: \x1b[2J\nforged"


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=30)


def lines(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def failed(number: int, reason: Reason = Reason.NETWORK, message: str = "no answer") -> FailedRelease:
    return FailedRelease(
        project=f"p{number}",
        pinned_version="1.0",
        repository=f"python/p{number}/1.0",
        state=JobState.ERRORED,
        reason=reason,
        message=message,
        attempts=1,
        not_before=None,
    )


SUMMARY = SyncSummary(
    code_host="host",
    wanted=3,
    unchanged=2,
    synced=1,
    requests_sent=4,
    requests_left=56,
    downloaded_bytes=2_000_000,
    seconds=1.25,
)


def test_summary(console: Console) -> None:
    print_summary(console, SUMMARY, DATA)
    assert lines(console) == [
        "host: 1 synced, 2 unchanged, 0 not synced, 4 requests (56 left this hour), 2.0 MB downloaded in 1.2 s",
        "Repositories: /srv/codehost/repos",
    ]


def test_summary_of_a_sync_that_ended_early(console: Console) -> None:
    retired = tuple(f"python/p{number}/1" for number in range(12))
    summary = replace(
        SUMMARY, synced=0, requests_left=None, halted="the disk is full.", retired=retired, pruned=retired[:1]
    )
    print_summary(console, summary, DATA)
    names = ", ".join(retired[1:11])
    assert lines(console) == [
        "host: 0 synced, 2 unchanged, 0 not synced, 1 unfinished, 4 requests, 2.0 MB downloaded in 1.2 s",
        "Ended early: the disk is full.",
        "1 removed: python/p0/1",
        f"11 no longer in the configuration (codehost sync --prune removes them): {names} and 1 more",
        "Repositories: /srv/codehost/repos",
    ]


def test_failures_are_grouped_the_largest_group_first(console: Console) -> None:
    failures = (failed(99, Reason.AUTH, HOSTILE), *(failed(number) for number in range(22)))
    print_summary(console, replace(SUMMARY, failures=failures), DATA)
    shown = lines(console)
    network, auth = FACTS[Reason.NETWORK], FACTS[Reason.AUTH]
    assert shown[0] == f"network (22): {network.advice} (Who can act: the {network.who}.)"
    assert shown[1] == "  p0==1.0: no answer"
    assert shown[21:24] == [
        "  and 2 more (codehost status lists them all)",
        f"auth (1): {auth.advice} (Who can act: the {auth.who}.)",
        f"  p99==1.0: {HARMLESS}",
    ]


def test_status(console: Console) -> None:
    counts = dict.fromkeys(JobState, 0) | {JobState.COMPLETED: 3, JobState.ERRORED: 1}
    failures = [failed(99, Reason.AUTH, HOSTILE), *(failed(number) for number in range(30))]
    print_status(console, "host", counts, 2, failures)
    print_status(console, "empty", dict.fromkeys(JobState, 0), 0, [])
    network, auth = FACTS[Reason.NETWORK], FACTS[Reason.AUTH]
    assert lines(console) == [
        "host: 3 completed, 1 errored, 2 retired",
        f"network (30): {network.advice} (Who can act: the {network.who}.)",
        *(f"  p{number}==1.0: no answer" for number in range(30)),
        f"auth (1): {auth.advice} (Who can act: the {auth.who}.)",
        f"  p99==1.0: {HARMLESS}",
        "empty: no releases",
    ]


def attempt(number: int, outcome: AttemptOutcome | None, reason: str | None = None) -> RecordedAttempt:
    return RecordedAttempt(
        number=number,
        epoch=number,
        owner="owner",
        started_at=1_600_000_000_000_000,
        finished_at=None,
        outcome=outcome,
        reason=reason,
        transient=None,
        message=reason and HOSTILE,
    )


DETAILS = ReleaseDetails(
    release_id=1,
    code_host="host",
    project="six",
    version="1",
    pinned_version="1.0",
    repository="python/six/1.0",
    wanted=True,
    state=JobState.COMPLETED,
    reason=None,
    message=None,
    commit="c" * 40,
    tree="d" * 40,
    mirror="https://m.example/simple",
    page_url="https://m.example/simple/six/",
    file_name="six-1.0.tar.gz",
    file_url="https://m.example/f",
    final_url="https://cdn.example/f",
    sha256="ab" * 32,
    verified=("sha256",),
    size=1000,
    upload_time=None,
    yanked="",
    requires_python=HOSTILE,
    why="the only sdist",
    asked=(Answer(mirror="https://m.example/simple", page_url="p", said=HOSTILE),),
    files=7,
    unpacked_bytes=0,
    packed_bytes=500,
    skipped=2,
    created_at=1_600_000_000_000_000,
    synced_at=1_600_000_001_000_000,
    retired_at=None,
    skips=(Skip(path=HOSTILE, reason=SkipReason.UNSAFE_NAME, size=5),),
    attempts=(attempt(1, AttemptOutcome.ERRORED, "network"), attempt(2, AttemptOutcome.COMPLETED), attempt(3, None)),
)


def test_release(console: Console) -> None:
    print_release(console, DETAILS, Path("/srv/codehost/repos/python/six/1.0.git"), HOSTILE)
    facts = [tuple(line.split("  ", maxsplit=1)) for line in lines(console)[:21]]
    assert {label: value.strip() for label, value in facts} == {
        "repository": "python/six/1.0",
        "state": "completed",
        "path": "/srv/codehost/repos/python/six/1.0.git",
        "commit": "c" * 40,
        "author and date": HARMLESS,
        "code host": "host",
        "mirror": "https://m.example/simple",
        "project page": "https://m.example/simple/six/",
        "file": "six-1.0.tar.gz",
        "why this file": "the only sdist",
        "from": "https://cdn.example/f",
        "sha256": "ab" * 32,
        "verified against the page": "sha256",
        "size": "1.0 kB",
        "yanked": "yes, no reason given",
        "requires python": HARMLESS,
        "files": "7",
        "unpacked": "0 bytes",
        "packed": "500 bytes",
        "synced": "2020-09-13 12:26:41 UTC",
        "asked https://m.example/simple": HARMLESS,
    }
    assert lines(console)[21:] == [
        "2 members left out:",
        f"  unsafe-name  {HARMLESS}  5 bytes",
        "  and 1 more",
        f"attempt 1, 2020-09-13 12:26:40 UTC: errored: network: {HARMLESS}",
        "attempt 2, 2020-09-13 12:26:40 UTC: completed",
        "attempt 3, 2020-09-13 12:26:40 UTC: running",
    ]


def test_marks(console: Console) -> None:
    details = replace(DETAILS, quarantined=True, gone_at=1_600_000_002_000_000, alarm=HOSTILE)
    print_release(console, details, Path("/p"), None)
    facts = dict(line.split("  ", maxsplit=1) for line in lines(console)[:23])
    assert {label: facts[label].strip() for label in ("quarantined", "gone from the mirror", "alarm")} == {
        "quarantined": "the mirror does not offer the project any more",
        "gone from the mirror": "since 2020-09-13 12:26:42 UTC",
        "alarm": HARMLESS,
    }


def test_remarks(console: Console) -> None:
    print_release(console, replace(DETAILS, skipped=0, remarks=("One.", HOSTILE), attempts=()), Path("/p"), None)
    assert lines(console)[20:] == [
        "Odd in the archive; the repository holds what is in it:",
        "  One.",
        f"  {HARMLESS}",
    ]


def test_attempts_are_numbered_over_all_plans(console: Console) -> None:
    attempts = (
        attempt(1, AttemptOutcome.ERRORED),
        attempt(2, AttemptOutcome.LOST),
        attempt(1, AttemptOutcome.COMPLETED),
    )
    print_release(console, replace(DETAILS, attempts=attempts), Path("/p"), None)
    shown = [line for line in lines(console) if line.startswith("attempt ")]
    assert [(line.split(",")[0], line.rpartition(": ")[2]) for line in shown] == [
        ("attempt 1", "errored"),
        ("attempt 2", "lost"),
        ("attempt 3", "completed"),
    ]


def test_release_of_which_little_is_known(console: Console) -> None:
    details = ReleaseDetails(
        release_id=1,
        code_host="host",
        project="six",
        version="1",
        pinned_version="1.0",
        repository="python/six/1.0",
        wanted=False,
        state=JobState.FAILED,
        reason="auth",
        message=HOSTILE,
        commit=None,
        tree=None,
        mirror=None,
        page_url=None,
        file_name=None,
        file_url=None,
        final_url=None,
        sha256=None,
        size=None,
        upload_time=None,
        yanked=None,
        requires_python=None,
        why=None,
        files=None,
        unpacked_bytes=None,
        packed_bytes=None,
        skipped=None,
        created_at=0,
        synced_at=None,
        retired_at=0,
    )
    print_release(console, details, Path("/nowhere"), None)
    assert lines(console) == [
        "repository  python/six/1.0",
        "state       failed, retired",
        f"problem     auth: {HARMLESS}",
        f"what to do  {FACTS[Reason.AUTH].advice}",
        "code host   host",
    ]


def test_a_file_without_a_digest_on_its_page_says_so(console: Console) -> None:
    print_release(console, replace(DETAILS, verified=()), Path("/p"), None)
    assert any(line.endswith("  no digest on the page") for line in lines(console))


def test_long_lists_of_skips_are_cut(console: Console) -> None:
    skips = tuple(Skip(path=f"f{number}", reason=SkipReason.DEVICE, size=0) for number in range(60))
    print_release(console, replace(DETAILS, skips=skips, skipped=70), Path("/p"), None)
    shown = [line for line in lines(console) if line.startswith("  ")]
    assert (len(shown), shown[-1]) == (51, "  and 20 more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    repository: str
    defect: str
    what: str


@pytest.mark.parametrize(
    ("repaired", "advice"),
    [
        (False, "codehost verify --repair queues damaged repositories again and removes strays."),
        (True, "Damaged repositories are queued again and strays are removed: run codehost sync."),
    ],
)
def test_findings(console: Console, advice: str, *, repaired: bool) -> None:
    found = [Found(repository=HOSTILE, defect="stray", what=HOSTILE)]
    print_findings(console, 4, found, repaired=repaired)
    assert lines(console) == [f"{HARMLESS}: stray: {HARMLESS}", "4 repositories checked, 1 not sound", advice]


def test_no_findings(console: Console) -> None:
    print_findings(console, 4, [], repaired=True)
    assert lines(console) == ["4 repositories checked, 0 not sound"]
