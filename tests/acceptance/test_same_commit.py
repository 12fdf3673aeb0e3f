"""The same files give the same commits: in another directory, on fewer processors, with another database."""

import asyncio
import os
import shutil
from pathlib import Path

from tests.acceptance import state
from tests.acceptance.catalogue import MISSING, fill
from tests.acceptance.program import Desk
from tests.simulator.mirror import Mirror


def commits(summary: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {pin["repository"]: pin["commit"] for pin in summary["pins"] if pin["state"] == "completed"}


async def test_every_machine_makes_the_same_commits(tmp_path: Path, postgresql_url: str) -> None:
    # One is no fork: it orders its sets in its own way.
    one, two = Desk(folder=tmp_path / "one", forks=True), Desk(folder=tmp_path / "two")
    three = Desk(folder=tmp_path / "three", environment={"CODEHOST_DATABASE_URL": postgresql_url}, forks=True)
    processor = str(min(os.sched_getaffinity(0)))
    alone = ("taskset", "--cpu-list", processor) if shutil.which("taskset") else ()
    async with Mirror() as mirror, Mirror(html=True, chunked=True) as other:
        pins = fill(mirror)
        fill(other)
        one.configure([mirror.url], pins)
        two.configure([other.url], list(reversed(pins)))
        three.configure([mirror.url], pins)
        ended = await asyncio.gather(one.sync(), two.sync(wrapper=alone), three.sync())
    first = commits(ended[0].summary)
    assert len(first) == len(pins) - 1
    assert commits(ended[1].summary) == commits(ended[2].summary) == first
    for desk in (one, two, three):
        assert state.published(desk.data) == first


async def test_postgresql_serves_as_well(tmp_path: Path, postgresql_url: str) -> None:
    desk = Desk(folder=tmp_path, environment={"CODEHOST_DATABASE_URL": postgresql_url}, forks=True)
    async with Mirror() as mirror:
        pins = fill(mirror)[-12:]
        desk.configure([mirror.url], pins)
        first = await desk.sync()
        assert (first.status, first.summary["counts"]["synced"]) == (1, len(pins) - 1)
        assert not (desk.data / "codehost.db").exists()
        mirror.requests.clear()

        second = await desk.sync()
        assert second.summary["counts"]["unchanged"] == len(pins) - 1
        assert mirror.paths() == [mirror.page_path(MISSING.split("==")[0])]

        kept = pins[:4]
        desk.configure([mirror.url], kept)
        pruned = await desk.sync("--prune")
        assert (pruned.status, pruned.summary["counts"]["pruned"]) == (0, len(pins) - len(kept))
        left = {repository: commits(first.summary)[repository] for repository in commits(pruned.summary)}
        assert state.published(desk.data) == left == commits(pruned.summary)
        verified, status = await asyncio.gather(desk.verify(), desk.run("status", *desk.place))
        assert (verified.status, verified.stdout) == (0, f"{len(kept)} repositories checked, 0 not sound\n")
        assert status.stdout == f"host: {len(kept)} completed\n"


async def test_a_postgresql_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = "postgresql://somebody:canary@127.0.0.1:1/nothing"
    desk = Desk(folder=tmp_path, environment={"CODEHOST_DATABASE_URL": url}, forks=True)
    desk.configure(["http://mirror.invalid/simple"], [MISSING])
    ended = await desk.sync()
    assert ended.status == 3
    assert "The database postgresql://somebody@127.0.0.1:1/nothing cannot be reached" in ended.stderr
    assert ("canary" in ended.said, "Traceback" in ended.said) == (False, False)
