import pytest

from benchmarks.filled import fill
from benchmarks.queue import Timed, grows, main, table
from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.overview import Overview
from codehost.record.reports import Reports


async def test_a_filled_database_is_one_that_the_program_knows(database: Database) -> None:
    hosts = await fill(database, 2_000)
    surveyed = await Overview(database).survey()
    assert [record.host.code_host_id for record in surveyed.hosts] == hosts
    states = {state: sum(record.counts[state] for record in surveyed.hosts) for state in JobState}
    assert states == {
        JobState.QUEUED: 40,
        JobState.PROCESSING: 0,
        JobState.COMPLETED: 1_820,
        JobState.ERRORED: 60,
        JobState.FAILED: 20,
        JobState.CANCELLED: 20,
    }
    assert sum(record.retired for record in surveyed.hosts) == 40
    assert {reason for record in surveyed.hosts for _, reason in record.reasons} == {
        "not-found",
        "network",
        "server-error",
        "unsafe-archive",
    }
    found = await Reports(database).details("host-1/project-4/1.0")
    assert found is not None
    assert len(found.sha256 or "") == 64


@pytest.mark.parametrize(
    ("by_size", "wrong"),
    [
        ({10: [1.0, 2.0], 1_000: [100.0]}, True),
        ({10: [30.0], 1_000: [100.0]}, False),
        ({10: [0.1], 1_000: [1.9]}, False),
        # The machine had something else to do.
        ({10: [3.0, 3.0], 1_000: [3.5, 100.0]}, False),
    ],
)
def test_what_grows_is_found(by_size: dict[int, list[float]], wrong: bool) -> None:  # noqa: FBT001 - a table's column
    timed = Timed(database="sqlite", step="claim", by_size=by_size)
    assert grows([timed], 4.0) == ([timed] if wrong else [])


def test_the_table_has_a_line_for_each_step() -> None:
    timed = Timed(database="sqlite", step="claim", by_size={10: [1.0], 1_000: [2.5, 2.0, 9.0]})
    cells = [cell.strip() for cell in table([timed], [10, 1_000]).splitlines()[-1].strip("|").split("|")]
    assert cells == ["claim", "sqlite", "1.00", "2.50", "2.50", "2.00"]


def test_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sizes", "10000", "--pins", "30", "--database", "sqlite", "--most", "1000"]) == 0
    steps = [line.strip("|").split("|")[0].strip() for line in capsys.readouterr().out.splitlines()[2:]]
    assert {"claim one", "finish", "status", "first page", "follow it, one pin changed"} <= set(steps)
