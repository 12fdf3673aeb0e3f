"""What commands print when their work is done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.filesize import decimal

from codehost.model.datadir import DataDirectory
from codehost.model.errors import FACTS, Reason
from codehost.model.jobs import JobState
from codehost.model.records import FailedRelease, ReleaseDetails
from codehost.model.summary import SyncSummary
from codehost.terminal.counts import counted
from codehost.terminal.lines import say


class Defective(Protocol):
    """A repository that is not sound."""

    @property
    def repository(self) -> str:
        """Its name."""
        ...

    @property
    def defect(self) -> str:
        """The class of the defect."""
        ...

    @property
    def what(self) -> str:
        """What was found, in a clause."""
        ...


_SHOWN_FAILURES = 20
_SHOWN_SKIPS = 50
_SHOWN_NAMES = 10


def print_summary(console: Console, summary: SyncSummary, data: DataDirectory) -> None:
    """Counts, failures by reason with what to do, retired repositories, and where everything lies."""
    _print_failures(console, summary.failures, shown=_SHOWN_FAILURES)
    counts = [f"{summary.synced} synced", f"{summary.unchanged} unchanged", f"{len(summary.failures)} not synced"]
    if summary.unfinished:
        counts.append(f"{summary.unfinished} unfinished")
    left = "" if summary.requests_left is None else f" ({summary.requests_left} left this hour)"
    counts.append(f"{counted(summary.requests_sent, 'request')}{left}")
    counts.append(f"{decimal(summary.downloaded_bytes)} downloaded in {summary.seconds:.1f} s")
    say(console, f"{summary.code_host}: {', '.join(counts)}")
    if summary.halted:
        say(console, f"Ended early: {summary.halted}")
    _print_names(console, "removed", summary.pruned)
    kept = [name for name in summary.retired if name not in set(summary.pruned)]
    _print_names(console, "no longer in the configuration (codehost sync --prune removes them)", kept)
    say(console, f"Repositories: {data.repositories}")


def _print_names(console: Console, label: str, names: Sequence[str]) -> None:
    if not names:
        return
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    say(console, f"{len(names)} {label}: {', '.join(names[:_SHOWN_NAMES])}{more}")


def _print_failures(console: Console, failures: Iterable[FailedRelease], *, shown: int | None) -> None:
    by_reason: dict[str, list[FailedRelease]] = defaultdict(list)
    for failure in failures:
        by_reason[failure.reason].append(failure)
    for reason, group in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        facts = FACTS[Reason(reason)]
        say(console, f"{reason} ({len(group)}): {facts.advice} (Who can act: the {facts.who}.)", style="bold")
        for failure in group[:shown]:
            say(console, f"  {failure.project}=={failure.pinned_version}: {failure.message}")
        if shown is not None and len(group) > shown:
            say(console, f"  and {len(group) - shown} more (codehost status lists them all)")


def print_status(
    console: Console,
    code_host: str,
    counts: dict[JobState, int],
    retired: int,
    failures: Iterable[FailedRelease],
    details: Iterable[str] = (),
) -> None:
    """One code host: its releases by state, details, and what failed."""
    parts = [f"{counts[state]} {state}" for state in JobState if counts.get(state)]
    if retired:
        parts.append(f"{retired} retired")
    say(console, f"{code_host}: {', '.join(parts) or 'no releases'}", style="bold")
    for line in details:
        say(console, f"  {line}")
    _print_failures(console, failures, shown=None)


def print_release(console: Console, details: ReleaseDetails, repository: Path, last_commit: str | None) -> None:
    """Everything about one release: provenance, skips, remarks, attempts."""
    facts = [(label, value) for label, value in _facts(details, repository, last_commit) if value not in {None, ""}]
    width = max(len(label) for label, _ in facts)
    for label, value in facts:
        say(console, f"{label:<{width}}  {value}")
    _print_skips(console, details)
    _print_remarks(console, details)
    # Attempts are counted anew by each plan; here all of them are listed.
    for number, attempt in enumerate(details.attempts, start=1):
        outcome = attempt.outcome or "running"
        reason = f": {attempt.reason}: {attempt.message}" if attempt.reason else ""
        say(console, f"attempt {number}, {_moment(attempt.started_at)}: {outcome}{reason}")


def _facts(details: ReleaseDetails, repository: Path, last_commit: str | None) -> list[tuple[str, object]]:
    return [
        ("repository", details.repository),
        ("state", details.state if details.wanted else f"{details.state}, retired"),
        ("problem", f"{details.reason}: {details.message}" if details.reason else None),
        ("what to do", FACTS[Reason(details.reason)].advice if details.reason else None),
        ("path", repository if details.commit else None),
        ("commit", details.commit),
        ("author and date", last_commit),
        ("code host", details.code_host),
        ("mirror", details.mirror),
        ("project page", details.page_url),
        ("file", details.file_name),
        ("why this file", details.why),
        ("from", details.final_url),
        ("sha256", details.sha256),
        (
            "verified against the page",
            ", ".join(details.verified) or ("no digest on the page" if details.sha256 else ""),
        ),
        ("size", decimal(details.size) if details.size is not None else None),
        ("uploaded", details.upload_time),
        ("yanked", None if details.yanked is None else details.yanked or "yes, no reason given"),
        ("quarantined", "the mirror does not offer the project any more" if details.quarantined else None),
        ("gone from the mirror", None if details.gone_at is None else f"since {_moment(details.gone_at)}"),
        ("alarm", details.alarm),
        ("requires python", details.requires_python),
        ("files", details.files),
        ("unpacked", decimal(details.unpacked_bytes) if details.unpacked_bytes is not None else None),
        ("packed", decimal(details.packed_bytes) if details.packed_bytes is not None else None),
        ("synced", _moment(details.synced_at)),
        *((f"asked {answer.mirror}", answer.said) for answer in details.asked),
    ]


def _print_skips(console: Console, details: ReleaseDetails) -> None:
    if not details.skipped:
        return
    say(console, f"{counted(details.skipped, 'member')} left out:")
    shown = details.skips[:_SHOWN_SKIPS]
    for skip in shown:
        say(console, f"  {skip.reason}  {skip.path}  {decimal(skip.size)}")
    if details.skipped > len(shown):
        say(console, f"  and {details.skipped - len(shown)} more")


def _print_remarks(console: Console, details: ReleaseDetails) -> None:
    if not details.remarks:
        return
    say(console, "Odd in the archive; the repository holds what is in it:")
    for remark in details.remarks:
        say(console, f"  {remark}")


def _moment(microseconds: int | None) -> str | None:
    if microseconds is None:
        return None
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def print_findings(console: Console, checked: int, findings: Sequence[Defective], *, repaired: bool) -> None:
    """What is wrong with which repository, and what happens next."""
    for finding in findings:
        say(console, f"{finding.repository}: {finding.defect}: {finding.what}")
    say(console, f"{checked} repositories checked, {len(findings)} not sound")
    if findings and repaired:
        say(console, "Damaged repositories are queued again and strays are removed: run codehost sync.")
    elif findings:
        say(console, "codehost verify --repair queues damaged repositories again and removes strays.")
