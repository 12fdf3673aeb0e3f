"""Code hosts as commands print them for programs."""

from datetime import UTC, datetime

from codehost.app.hosting import HostState


def host_to_json(state: HostState, *, with_document: bool) -> dict[str, object]:
    """A code host as ``codehost hosts show --json`` prints it. Times are in RFC 3339, or null."""
    host = state.host
    shown: dict[str, object] = {
        "name": host.name,
        "source": host.source,
        "priority": host.priority,
        "paused": host.paused,
        "problem": host.problem,
        "documentSha256": host.document_sha256,
        "appliedSha256": host.applied_sha256,
        "createdAt": _moment(host.created_at),
        "updatedAt": _moment(host.updated_at),
        "appliedAt": _moment(host.applied_at),
        "syncRequestedAt": _moment(host.sync_requested_at),
        "removedAt": _moment(host.removed_at),
        "removalConfirmed": host.removal_confirmed_sha256 == host.document_sha256,
        "releases": {**{state_.value: number for state_, number in state.counts.items()}, "retired": state.retired},
    }
    return {**shown, "document": host.document} if with_document else shown


def _moment(microseconds: int | None) -> str | None:
    if microseconds is None:
        return None
    moment = datetime.fromtimestamp(microseconds / 1_000_000, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"
