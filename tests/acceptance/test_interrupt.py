"""SIGINT and SIGTERM end a sync in order: what is done stays done, and nothing is done twice."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

from tests.acceptance import state
from tests.acceptance.catalogue import MISSING, fill
from tests.acceptance.program import Desk
from tests.simulator.mirror import Fault, Mirror

AT_MOST_AGAIN = 8  # releases in flight at once


async def test_an_interrupted_sync_goes_on_without_repeating_itself(tmp_path: Path) -> None:
    await asyncio.gather(*(interrupt(tmp_path / number.name, number) for number in (signal.SIGINT, signal.SIGTERM)))


async def interrupt(folder: Path, number: signal.Signals) -> None:
    desk = Desk(folder=folder, forks=True)
    async with Mirror() as mirror:
        pins = fill(mirror)
        desk.configure([mirror.url], pins)
        run = await desk.start_sync()
        assert await run.until_said("[5/")
        run.send(number)
        ended = await run.finished()

        assert ended.status == 130
        assert ended.summary["halted"] == "interrupted; the next sync goes on from here"
        assert "Traceback" not in ended.said
        await run.gone()
        counts = ended.summary["counts"]
        assert (counts["unfinished"] > 0, counts["synced"] >= 5) == (True, True)
        # Every job is done or back in the queue; none is in hand.
        assert state.states(desk.data).keys() <= {"completed", "queued", "errored"}
        assert state.leftovers(desk.data) == []
        done = state.recorded(desk.data)
        assert state.published(desk.data) == done

        files_before = Counter(path for path in mirror.paths() if path.startswith("/files/"))
        second = await desk.sync()
        assert second.status == 1
        assert second.summary["counts"]["unchanged"] == counts["synced"]
        assert len(state.recorded(desk.data)) == len(pins) - 1
        again = Counter(path for path in mirror.paths() if path.startswith("/files/")) - files_before
        assert not {_file_of(mirror, repository) for repository in done} & again.keys()
        repeated = [path for path in again if files_before[path]]
        assert len(repeated) <= AT_MOST_AGAIN
        assert _failed(second.summary["pins"]) == [MISSING]


async def test_a_signal_during_a_download_leaves_nothing_of_it(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        pins = fill(mirror)
        path = mirror.file_path("beta-1.1.tar.gz")
        mirror.fault(path, Fault(delay=60))
        desk.configure([mirror.url], ["beta==1.1"])
        assert pins
        run = await desk.start_sync()
        assert await run.until(lambda: path in mirror.paths())
        run.send(signal.SIGTERM)
        ended = await run.finished(seconds=10)
        assert ended.status == 130
        assert "stopped beta==1.1: it goes on with the next sync" in ended.stderr
        assert (state.leftovers(desk.data), state.states(desk.data)) == ([], {"queued": 1})


async def test_a_second_signal_ends_the_program_at_once_and_the_next_sync_recovers(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        pins = fill(mirror)
        desk.configure([mirror.url], pins)
        run = await desk.start_sync()
        assert await run.until_said("[2/")
        run.send(signal.SIGTERM)
        run.send(signal.SIGTERM)
        await run.finished(seconds=10)
        await run.gone()
        ended = await desk.sync()
        assert (ended.status, len(state.published(desk.data))) == (1, len(pins) - 1)
        assert state.leftovers(desk.data) == []


def _file_of(mirror: Mirror, repository: str) -> str:
    _, project, version = repository.split("/")
    names = [listed.filename for listed in mirror.projects[project] if f"-{version}" in listed.filename]
    return mirror.file_path(names[0])


def _failed(pins: list[dict[str, str]]) -> list[str]:
    return [pin["pin"] for pin in pins if pin["state"] != "completed"]
