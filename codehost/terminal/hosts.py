"""What the commands about code hosts print."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console

from codehost.model.jobs import JobState
from codehost.model.records import RecordedCodeHost
from codehost.terminal.lines import say


class Counted(Protocol):
    """A code host with its releases counted: wanted ones by state, and retired ones."""

    @property
    def host(self) -> RecordedCodeHost:
        """The code host."""
        ...

    @property
    def counts(self) -> dict[JobState, int]:
        """Its wanted releases."""
        ...

    @property
    def retired(self) -> int:
        """Its others."""
        ...


def print_hosts(console: Console, states: Sequence[Counted]) -> None:
    """A line for each code host, and one more for its problem."""
    for state in states:
        host = state.host
        say(console, f"{host.name}: {', '.join([*_conditions(host), *_releases(state)])}")
        if host.problem:
            say(console, f"  {host.problem}")


def print_host(console: Console, state: Counted) -> None:
    """Everything about one code host, then its document as it is stored."""
    facts = [(label, value) for label, value in _facts(state) if value]
    width = max(len(label) for label, _ in facts)
    for label, value in facts:
        say(console, f"{label:<{width}}  {value}")
    say(console, "")
    for line in state.host.document.splitlines():
        say(console, line.expandtabs(4))


def _facts(state: Counted) -> Iterator[tuple[str, str | None]]:
    host = state.host
    yield "code host", host.name
    yield "condition", ", ".join(_conditions(host))
    yield "problem", host.problem
    yield "releases", ", ".join(_releases(state))
    yield "kept by", _keeper(host.source)
    yield "priority", str(host.priority)
    yield "made", _moment(host.created_at)
    yield "changed", _moment(host.updated_at)
    yield "planned", _moment(host.applied_at)
    yield "sync asked for", _moment(host.sync_requested_at)
    yield "removed", _moment(host.removed_at)
    if host.removal_confirmed_sha256 == host.document_sha256:
        yield "large removal", "confirmed"
    yield "document", host.document_sha256


def _conditions(host: RecordedCodeHost) -> list[str]:
    """What holds for it, the weightiest first; one of them at least."""
    if host.removed_at is not None:
        return ["being removed"]
    told = ["paused"] if host.paused else []
    if host.problem:
        return [*told, "has a problem"]
    if is_due(host):
        return [*told, "to be planned"]
    return told or ["followed"]


def is_due(host: RecordedCodeHost) -> bool:
    """Whether there is something to plan: another document than the last plan's, or a sync that was asked for since."""
    if host.document_sha256 != host.applied_sha256:
        return True
    return host.sync_requested_at is not None and host.sync_requested_at > (host.applied_at or 0)


def _releases(state: Counted) -> list[str]:
    counts = [f"{state.counts[kind]} {kind}" for kind in JobState if state.counts.get(kind)]
    retired = [f"{state.retired} retired"] if state.retired else []
    return [*counts, *retired] or ["no releases"]


def _keeper(source: str) -> str:
    match source:
        case "sync":
            return "the file of codehost sync"
        case "hosts":
            return "codehost hosts"
        case _:
            return f"the file {source.removeprefix('file:')}"


def _moment(microseconds: int | None) -> str | None:
    if microseconds is None:
        return None
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
