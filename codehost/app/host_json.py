"""Code hosts as commands print them for programs."""

from codehost.app.hosting import HostState
from codehost.serve.api.times import moment, moment_if_any


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
        "createdAt": moment(host.created_at),
        "updatedAt": moment(host.updated_at),
        "appliedAt": moment_if_any(host.applied_at),
        "syncRequestedAt": moment_if_any(host.sync_requested_at),
        "removedAt": moment_if_any(host.removed_at),
        "removalConfirmed": host.removal_confirmed_sha256 == host.document_sha256,
        "releases": {**{state_.value: number for state_, number in state.counts.items()}, "retired": state.retired},
    }
    return {**shown, "document": host.document} if with_document else shown
