"""What runs that were cut short leave behind is put in order by the next one, whatever that one meets."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance import state
from tests.acceptance.program import Desk
from tests.acceptance.six import FILE, PIN, REPOSITORY, serve_six
from tests.simulator.mirror import Fault, Mirror


def become(data: Path, job_state: str) -> None:
    """Let the one job be in a state as a kill would have left it."""
    lease = "'gone', 1" if job_state == "processing" else "NULL, NULL"
    with closing(sqlite3.connect(data / "codehost.db")) as connection, connection:
        connection.execute(f"UPDATE jobs SET state = '{job_state}', (owner, lease_expires_at) = ({lease})")


@pytest.fixture
def desk(tmp_path: Path, six_synced: Path) -> Desk:
    made = Desk(folder=tmp_path, forks=True)
    made.adopt(six_synced)
    return made


@pytest.fixture
async def mirror(desk: Desk) -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        serve_six(running)
        desk.configure([running.url], [PIN])
        yield running


# processing: killed between publishing and recording; queued: between the two halves of a repair.
@pytest.mark.parametrize("job_state", ["processing", "queued"])
async def test_a_repository_that_nothing_vouches_for_is_made_again(desk: Desk, mirror: Mirror, job_state: str) -> None:
    before = state.published(desk.data)
    become(desk.data, job_state)
    (desk.data / "repos" / f"{REPOSITORY}.git" / "packed-refs").unlink()
    assert (await desk.sync()).status == 0
    assert state.published(desk.data) == state.recorded(desk.data) == before


@pytest.mark.parametrize("job_state", ["processing", "queued"])
async def test_a_repository_that_nothing_vouches_for_goes_when_it_cannot_be_made_again(
    desk: Desk, mirror: Mirror, job_state: str
) -> None:
    become(desk.data, job_state)
    mirror.fault(mirror.file_path(FILE), Fault(status=404))
    assert (await desk.sync()).status == 1
    assert (state.published(desk.data), state.recorded(desk.data)) == ({}, {})


async def test_one_in_doubt_goes_when_its_pin_is_gone_too(desk: Desk, mirror: Mirror) -> None:
    become(desk.data, "processing")
    desk.configure([mirror.url], [])
    assert (await desk.sync()).status == 0
    assert state.published(desk.data) == {}


async def test_remains_of_a_run_are_cleared_and_nothing_else(desk: Desk, mirror: Mirror) -> None:
    before = state.published(desk.data)
    (desk.data / "spool" / "7-1.part").write_bytes(b"half a file")
    shutil.copytree(desk.data / "repos" / f"{REPOSITORY}.git", desk.data / "staging" / "7-1" / "git")
    assert (await desk.sync()).status == 0
    assert (state.leftovers(desk.data), state.published(desk.data)) == ([], before)
    assert mirror.requests == []
