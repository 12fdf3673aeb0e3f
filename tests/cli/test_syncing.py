import os
import re
import signal
import threading
import time

import pytest

from tests.cli.pins import MISSING, SIX
from tests.desk import Desk, Ran
from tests.simulator.mirror import Fault
from tests.wiring import add_sdist


def test_validate(desk: Desk) -> None:
    assert desk.run("validate", str(desk.file)) == Ran(status=0, out=f"{desk.file}: valid, 2 pins\n", err="")
    assert desk.mirror.requests == []


def test_validate_tells_every_mistake_at_once(desk: Desk) -> None:
    desk.file.write_text('{\n"urls": ["ftp://x"],\n"dependencies": ["six", "a==*"],\n"wrong\\u001b[31m": 1\n}')
    ran = desk.run("validate", str(desk.file))
    assert (ran.status, ran.out) == (2, "")
    lines = ran.err.splitlines()
    places = [re.match(rf"{re.escape(str(desk.file))}:(\d+):\d+: (/\S+): \S", line) for line in lines[:-1]]
    assert [place and (int(place[1]), place[2]) for place in places] == [
        (2, "/urls/0"),
        (3, "/dependencies/0"),
        (3, "/dependencies/1"),
        (4, r"/wrong\x1b[31m"),
    ]
    assert lines[0].startswith(f'{desk.file}:2:10: /urls/0: "ftp://x" has the scheme ftp; a mirror is')
    assert lines[-1] == f"{desk.file}: 4 mistakes"
    assert "\x1b" not in ran.err


def test_sync(desk: Desk) -> None:
    ran = desk.sync()
    assert ran.status == 0
    assert ran.err.splitlines()[0] == "2 to sync, 57600 requests an hour"
    assert sorted(line.partition("] ")[2] for line in ran.err.splitlines()[1:]) == [
        "synced attrs==2.0 -> python/attrs/2.0 (attrs-2.0.tar.gz, 2 files)",
        "synced six==1.0 -> python/six/1.0 (six-1.0.tar.gz, 2 files)",
    ]
    assert re.fullmatch(
        r"host: 2 synced, 0 unchanged, 0 not synced, 4 requests \(57596 left this hour\), \d+ bytes downloaded in .+\n"
        rf"Repositories: {re.escape(str(desk.data))}/repos\n",
        ran.out,
    )
    assert desk.repository("python/six/1.0").is_dir()


def test_a_second_sync_sends_no_request(desk: Desk) -> None:
    assert desk.sync().status == 0
    before = desk.mirror.paths()
    status, summary = desk.sync_to_json()
    assert (status, summary["counts"]["unchanged"], summary["counts"]["synced"]) == (0, 2, 0)
    assert summary["requests"]["sent"] == 0
    assert desk.mirror.paths() == before


def test_sync_to_json(desk: Desk) -> None:
    desk.configure(SIX, MISSING, rateLimit={"enabled": False})
    status, summary = desk.sync_to_json("--name", "mine")
    assert status == 1
    assert summary["codeHost"] == "mine"
    assert summary["counts"] == {
        "wanted": 2,
        "unchanged": 0,
        "synced": 1,
        "failed": 1,
        "unfinished": 0,
        "retired": 0,
        "pruned": 0,
    }
    assert summary["requests"] == {"sent": len(desk.mirror.requests), "left": None}
    assert summary["halted"] is None
    six, missing = summary["pins"]
    assert (six["pin"], six["state"], six["mirror"], six["file"], six["reason"]) == (
        SIX,
        "completed",
        desk.mirror.url,
        "six-1.0.tar.gz",
        None,
    )
    assert (missing["pin"], missing["state"], missing["reason"], missing["commit"]) == (
        MISSING,
        "errored",
        "not-found",
        None,
    )


def test_what_failed_is_told_and_a_later_sync_heals_it(desk: Desk) -> None:
    desk.configure(SIX, MISSING)
    ran = desk.sync()
    assert ran.status == 1
    assert "not-found (1): Check the project's name" in ran.out
    assert f"  {MISSING}: no mirror has {MISSING} ({desk.mirror.url}: 404 for the project)" in ran.out
    add_sdist(desk.mirror, MISSING)
    assert desk.sync().status == 0


def test_a_retired_release_is_kept_until_pruned(desk: Desk) -> None:
    desk.sync()
    desk.configure(SIX)
    ran = desk.sync()
    assert ran.status == 0
    assert (
        "1 no longer in the configuration (codehost sync --prune removes them): python/attrs/2.0\n"
        f"Repositories: {desk.data}/repos\n" in ran.out
    )
    assert desk.repository("python/attrs/2.0").exists()
    assert desk.stored("status").out == "host: 1 completed, 1 retired\n"
    assert "state                                completed, retired\n" in desk.stored("show", "python/attrs/2.0").out
    status, summary = desk.sync_to_json("--prune")
    assert (status, summary["retired"], summary["pruned"]) == (0, ["python/attrs/2.0"], ["python/attrs/2.0"])
    assert not desk.repository("python/attrs/2.0").exists()
    assert desk.stored("show", "python/attrs/2.0").status == 3


def test_a_paused_code_host(desk: Desk) -> None:
    desk.configure(SIX, rateLimit={"requestsPerHour": 0})
    ran = desk.sync()
    assert ran.status == 1
    assert "Ended early: rateLimit.requestsPerHour is below 1, which pauses the code host" in ran.out
    assert desk.mirror.requests == []


def test_an_interrupted_sync(desk: Desk) -> None:
    desk.mirror.fault("/files/six-1.0.tar.gz", Fault(delay=30))

    def interrupt() -> None:
        while "/files/six-1.0.tar.gz" not in desk.mirror.paths() or not desk.repository("python/attrs/2.0").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    ran = desk.sync()
    thread.join()
    assert ran.status == 130
    assert "stopped six==1.0: it goes on with the next sync\n" in ran.err
    assert "Ended early: interrupted; the next sync goes on from here\n" in ran.out
    assert desk.stored("status").out == "host: 1 queued, 1 completed\n"
    desk.mirror.faults.clear()
    status, summary = desk.sync_to_json()
    assert (status, summary["counts"]["unchanged"], summary["counts"]["synced"]) == (0, 1, 1)


def test_two_code_hosts_that_would_make_one_repository(desk: Desk) -> None:
    desk.sync()
    ran = desk.sync("--name", "other")
    assert ran.status == 3
    assert "The code hosts 'host' and 'other' would both make the repository python/" in ran.err
    assert desk.stored("status").out == "host: 2 completed\n"


@pytest.mark.parametrize("taken", ["repos", "spool", "staging"])
def test_something_in_the_way_of_the_data_directory(desk: Desk, taken: str) -> None:
    desk.data.mkdir()
    (desk.data / taken).touch()
    ran = desk.sync()
    assert (ran.status, ran.out) == (3, "")
    assert f"codehost: The data directory {desk.data} cannot be used (" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_cannot_be_written(desk: Desk) -> None:
    desk.data.mkdir(mode=0o500)
    ran = desk.sync()
    assert (ran.status, ran.out) == (3, "")
    assert f"codehost: The data directory {desk.data} cannot be used (Permission denied)" in ran.err
