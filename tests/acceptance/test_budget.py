"""The hourly budget holds over restarts, and every request is counted."""

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from codehost.sync import PAUSED
from tests.acceptance import state
from tests.acceptance.program import Desk, Finished
from tests.simulator.distfiles import make_sdist, sdist_name
from tests.simulator.mirror import Fault, Mirror

ALLOWED = 30
PROJECTS = 12
VERSIONS = ("1.0", "2.0")


def fill(mirror: Mirror) -> list[str]:
    """List releases that take more requests than are allowed: a page for each project, a file for each release."""
    pins = [f"project{number}=={version}" for number in range(PROJECTS) for version in VERSIONS]
    for project, version in (pin.split("==") for pin in pins):
        mirror.add(sdist_name(project, version), make_sdist(project, version))
    assert PROJECTS + len(pins) > ALLOWED
    return pins


async def interrupted_when(desk: Desk, met: Callable[[], bool], text: str = "") -> Finished:
    """A sync that is interrupted when something has come about and been said."""
    run = await desk.start_sync()
    assert await run.until(met)
    assert await run.until_said(text)
    run.send(signal.SIGINT)
    return await run.finished()


async def test_the_budget_holds_over_restarts(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        pins = fill(mirror)
        desk.configure([mirror.url], pins, rateLimit={"enabled": True, "requestsPerHour": ALLOWED})
        # Half of the budget may go at once.
        first = await interrupted_when(desk, lambda: len(mirror.requests) >= ALLOWED // 2)
        done = state.recorded(desk.data)
        second = await interrupted_when(desk, lambda: len(mirror.requests) >= ALLOWED)
        third = await interrupted_when(desk, lambda: True, "the hourly budget is spent; the next request may go in")

        assert len(mirror.requests) == ALLOWED
        runs = (first, second, third)
        assert [ended.status for ended in runs] == [130, 130, 130]
        assert [ended.summary["requests"]["sent"] for ended in runs] == [ALLOWED // 2, ALLOWED // 2, 0]
        assert second.summary["requests"]["left"] == 0
        assert second.summary["counts"]["unchanged"] == len(done) == first.summary["counts"]["synced"]
        assert done.items() <= state.recorded(desk.data).items()
        files = Counter(path for path in mirror.paths() if path.startswith("/files/"))
        assert [files[mirror.file_path(sdist_name(*name.split("/")[1:]))] for name in done] == [1] * len(done)
        # What waits is in the queue, and nothing of it has failed.
        assert state.states(desk.data) == {
            "completed": len(state.recorded(desk.data)),
            "queued": len(pins) - len(state.recorded(desk.data)),
        }
        status = await desk.run("status", *desk.place)
        assert (status.status, "queued" in status.stdout) == (0, True)


async def test_a_paused_code_host_sends_nothing_and_says_so(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        desk.configure([mirror.url], fill(mirror), rateLimit={"enabled": True, "requestsPerHour": 0})
        ended = await desk.sync()
        assert (ended.status, mirror.requests) == (1, [])
        assert ended.summary["halted"] == PAUSED
        assert ended.summary["counts"]["unfinished"] == ended.summary["counts"]["wanted"]


async def test_hops_and_retries_are_counted(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror, Mirror() as elsewhere:
        pins = fill(mirror)[:10]
        for listed in mirror.projects["project2"]:
            elsewhere.add(listed.filename, listed.data)
        mirror.fault(mirror.page_path("project0"), Fault(redirect="/simple/moved/"))
        mirror.fault("/simple/moved/", Fault(redirect=mirror.page_path("project0"), status=307))
        mirror.fault(mirror.page_path("project1"), Fault(status=503, times=1))
        mirror.fault(mirror.page_path("project2"), Fault(redirect=f"{elsewhere.url}/project2/"))
        mirror.fault(mirror.file_path(sdist_name("project3", "1.0")), Fault(send_only=10, times=2))
        mirror.fault(mirror.file_path(sdist_name("project3", "2.0")), Fault(drop=True))
        mirror.fault(mirror.file_path(sdist_name("project4", "1.0")), Fault(status=429, retry_after="0", times=1))
        desk.configure([mirror.url], [*pins, "nowhere==1.0"])
        ended = await desk.sync()
        assert ended.status == 1
        arrived = len(mirror.requests) + len(elsewhere.requests)
        # 6 pages, 8 files of those whose page was found, and: 1 + 2 hops in a circle for each of two pins at least.
        assert arrived > 6 + 8 + 3
        assert ended.summary["requests"]["sent"] == arrived == state.spent(desk.data)
        failed = {pin["pin"]: pin["reason"] for pin in ended.summary["pins"] if pin["state"] != "completed"}
        assert failed == {
            "project0==1.0": "bad-page",
            "project0==2.0": "bad-page",
            "project3==2.0": "network",
            "nowhere==1.0": "not-found",
        }
