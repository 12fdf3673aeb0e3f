import io
from dataclasses import dataclass, field, replace

import pytest
from rich.console import Console

from codehost.model.jobs import JobState
from codehost.model.records import RecordedCodeHost
from codehost.terminal.hosts import is_due, print_host, print_hosts

HOST = RecordedCodeHost(
    code_host_id=1,
    name="work",
    document='{\n\t"urls": [] // \x1b[31m\n}',
    document_sha256="a",
    created_at=0,
    updated_at=1_700_000_000_000_000,
    applied_sha256="a",
    applied_at=1_700_000_001_000_000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    host: RecordedCodeHost
    counts: dict[JobState, int] = field(default_factory=dict)
    retired: int = 0


def printed(*states: State) -> str:
    console = Console(file=io.StringIO())
    print_hosts(console, states)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


CONDITIONS = [
    (HOST, "followed"),
    (replace(HOST, paused=True), "paused"),
    (replace(HOST, applied_sha256="b"), "to be planned"),
    (replace(HOST, applied_sha256=None, applied_at=None, paused=True), "paused, to be planned"),
    (replace(HOST, sync_requested_at=1_700_000_002_000_000), "to be planned"),
    (replace(HOST, sync_requested_at=1_600_000_000_000_000), "followed"),
    (replace(HOST, removed_at=1, paused=True, problem="x"), "being removed"),
]


@pytest.mark.parametrize(("host", "condition"), CONDITIONS)
def test_conditions(host: RecordedCodeHost, condition: str) -> None:
    assert printed(State(host=host)).splitlines()[0] == f"work: {condition}, no releases"
    if host.removed_at is None:
        assert is_due(host) == ("to be planned" in condition)


def test_a_line_for_each_and_its_problem() -> None:
    counts = {JobState.QUEUED: 2, JobState.COMPLETED: 3, JobState.FAILED: 0}
    assert printed(
        State(host=HOST, counts=counts, retired=1),
        State(host=replace(HOST, name="other", problem="Two code hosts [bold]would.", paused=True)),
    ) == (
        "work: followed, 2 queued, 3 completed, 1 retired\n"
        "other: paused, has a problem, no releases\n"
        "  Two code hosts [bold]would.\n"
    )


@pytest.mark.parametrize(
    ("source", "keeper"),
    [("sync", "the file of codehost sync"), ("hosts", "codehost hosts"), ("file:/a/b.jsonc", "the file /a/b.jsonc")],
)
def test_everything_about_one(source: str, keeper: str) -> None:
    console = Console(file=io.StringIO())
    print_host(console, State(host=replace(HOST, source=source, removal_confirmed_sha256="a")))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == (
        "code host      work\n"
        "condition      followed\n"
        "releases       no releases\n"
        f"kept by        {keeper}\n"
        "priority       100\n"
        "made           1970-01-01 00:00:00 UTC\n"
        "changed        2023-11-14 22:13:20 UTC\n"
        "planned        2023-11-14 22:13:21 UTC\n"
        "large removal  confirmed\n"
        "document       a\n"
        "\n"
        '{\n    "urls": [] // \\x1b[31m\n}\n'
    )
