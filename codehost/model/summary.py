"""The outcome of one sync: what the summary object of ``codehost sync --json`` says."""

from collections.abc import Iterable
from dataclasses import dataclass

from codehost.model.records import FailedRelease, ReleaseOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSummary:
    """What a sync did. ``unchanged`` were synced before; ``requests_left`` is None without a limit.

    ``halted`` says why the sync ended before its work was done. ``retired`` and ``pruned`` are names of repositories.
    """

    code_host: str
    wanted: int
    unchanged: int
    synced: int
    failures: tuple[FailedRelease, ...] = ()
    retired: tuple[str, ...] = ()
    pruned: tuple[str, ...] = ()
    requests_sent: int = 0
    requests_left: int | None = None
    downloaded_bytes: int = 0
    seconds: float = 0.0
    halted: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every wanted pin has its repository."""
        return self.unchanged + self.synced == self.wanted

    @property
    def unfinished(self) -> int:
        """Pins that were neither synced nor found wanting: still in the queue."""
        return self.wanted - self.unchanged - self.synced - len(self.failures)


def summary_to_json(summary: SyncSummary, outcomes: Iterable[ReleaseOutcome]) -> dict[str, object]:
    """The object as ``schema/sync-summary.schema.json`` describes it."""
    return {
        "codeHost": summary.code_host,
        "counts": {
            "wanted": summary.wanted,
            "unchanged": summary.unchanged,
            "synced": summary.synced,
            "failed": len(summary.failures),
            "unfinished": summary.unfinished,
            "retired": len(summary.retired),
            "pruned": len(summary.pruned),
        },
        "requests": {"sent": summary.requests_sent, "left": summary.requests_left},
        "downloadedBytes": summary.downloaded_bytes,
        "seconds": round(summary.seconds, 3),
        "halted": summary.halted,
        "retired": list(summary.retired),
        "pruned": list(summary.pruned),
        "pins": [_pin_to_json(outcome) for outcome in outcomes],
    }


def _pin_to_json(outcome: ReleaseOutcome) -> dict[str, object]:
    return {
        "pin": f"{outcome.project}=={outcome.pinned_version}",
        "state": outcome.state,
        "reason": outcome.reason,
        "message": outcome.message,
        "repository": outcome.repository,
        "commit": outcome.commit,
        "mirror": outcome.mirror,
        "file": outcome.file_name,
        "sha256": outcome.sha256,
        "skips": outcome.skipped or 0,
    }
