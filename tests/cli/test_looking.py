import asyncio
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from codehost.model.errors import FACTS, Reason
from codehost.record.database import open_database
from codehost.record.workers import Workers
from tests.cli.pins import MISSING, SIX
from tests.desk import Desk, Ran
from tests.simulator.distfiles import make_sdist
from tests.simulator.mirror import Fault


def test_status(desk: Desk) -> None:
    desk.configure(SIX, MISSING)
    desk.sync()
    ran = desk.stored("status")
    assert (ran.status, ran.err) == (1, "")
    facts = FACTS[Reason.NOT_FOUND]
    assert ran.out.splitlines() == [
        "host: 1 completed, 1 errored",
        f"not-found (1): {facts.advice} (Who can act: the {facts.who}.)",
        f"  {MISSING}: no mirror has {MISSING} ({desk.mirror.url}: 404 for the project)",
    ]


def test_status_without_a_code_host(desk: Desk) -> None:
    desk.stored("migrate")
    told = "There is no code host yet: run codehost sync FILE or codehost hosts add FILE.\n"
    assert desk.stored("status") == Ran(status=0, out=told, err="")


STATUS_SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "status.schema.json").read_text(encoding="utf-8"))


def status_of(desk: Desk, *options: str) -> tuple[int, dict[str, Any]]:
    ran = desk.stored("status", "--json", *options)
    assert ran.err == ""
    found: dict[str, Any] = json.loads(ran.out)
    jsonschema.Draft7Validator(STATUS_SCHEMA).validate(found)
    return ran.status, found


def test_status_as_json(desk: Desk, database_url: str) -> None:
    place = ("--database-url", database_url)
    desk.configure(SIX, MISSING, rateLimit={"requestsPerHour": 1_000})
    desk.sync(*place)
    status, found = status_of(desk, *place)
    [host] = found["codeHosts"]
    assert status == 1
    assert host["jobs"]["completed"] == 1
    assert [(one["reason"], one["count"]) for one in host["failures"]] == [("not-found", 1)]
    assert (host["budget"]["requestsPerHour"], host["budget"]["nextInSeconds"]) == (1_000, 0)
    assert host["budget"]["spent"] + host["budget"]["left"] == 1_000
    assert (host["pace"]["completed"], host["pace"]["errored"]) == (1, 1)
    assert (host["secondsLeft"], found["workers"], found["leases"]) == (0, [], [])


def test_status_as_json_of_what_went_well(desk: Desk) -> None:
    desk.sync()
    status, found = status_of(desk)
    assert (status, found["codeHosts"][0]["failures"]) == (0, [])


def test_status_says_what_goes_on(desk: Desk) -> None:
    desk.configure(SIX, rateLimit={"requestsPerHour": 0})
    desk.sync()

    async def work() -> None:
        async with open_database(None, desk.data) as database:
            await Workers(database).register("machine:1:a", "machine", 1, "0.1.0")

    asyncio.run(work())
    ran = desk.stored("status")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "host: 1 queued",
        "  budget: 0 requests an hour, which pauses the code host",
        "  next: 1. six==1.0",
        "worker machine:1:a (process 1 on machine, 0.1.0): 0 jobs in hand",
    ]


def test_status_for_people_or_for_programs(desk: Desk) -> None:
    ran = desk.stored("status", "--watch", "--json")
    assert (ran.status, ran.out) == (2, "")
    assert "--watch is for people and --json for programs: give one of them." in ran.err


def watching(desk: Desk, **pipes: Any) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "codehost", "status", "--watch", "--data-dir", str(desk.data)]
    return subprocess.Popen(command, text=True, stderr=subprocess.PIPE, **pipes)


def test_watch_until_somebody_has_seen_enough(desk: Desk) -> None:
    desk.sync()
    with watching(desk, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        # The second block: it goes on by itself.
        while not lines[-1].startswith("host:"):
            lines.append(process.stdout.readline())
            assert process.poll() is None, lines
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert lines[0] == "host: 2 completed\n"
    assert (process.returncode, err) == (0, "")


def test_watch_on_a_terminal_gives_the_cursor_back(desk: Desk) -> None:
    desk.sync()
    ours, theirs = pty.openpty()
    try:
        with watching(desk, stdout=theirs) as process:
            seen, ends = b"", time.monotonic() + 20
            while b"host: 2 completed" not in seen and time.monotonic() < ends:
                seen += os.read(ours, 10_000)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
        seen += os.read(ours, 10_000)
    finally:
        os.close(ours)
        os.close(theirs)
    # DECTCEM: the cursor that was hidden is shown again.
    assert seen.rindex(b"\x1b[?25h") > seen.index(b"\x1b[?25l")


def test_watch_without_a_database(desk: Desk) -> None:
    ran = desk.stored("status", "--watch")
    assert (ran.status, ran.out) == (3, "")
    assert "Nothing has been synced into" in ran.err


def test_show(desk: Desk) -> None:
    data = make_sdist("idna", "3.0", {"a\x1b[31m\n.txt": b"x", ".git/[bold]:bug:": b"xyz"})
    desk.mirror.add("idna-3.0.tar.gz", data, yanked="broken", requires_python=">=3.8")
    desk.mirror.fault("/simple/idna/", Fault(status=403, times=1))
    desk.configure("idna==3")
    assert [desk.sync().status for _ in range(2)] == [1, 0]
    ran = desk.stored("show", "python/idna/3.git")
    assert (ran.status, ran.err) == (0, "")
    for label, value in (
        ("repository", "python/idna/3"),
        ("path", str(desk.repository("python/idna/3"))),
        ("author and date", "Ada Author <ada@example.com>, 2020-09-13 12:26:40 +0000"),
        ("mirror", desk.mirror.url),
        ("project page", f"{desk.mirror.url}/idna/"),
        ("from", f"{desk.mirror.base}/files/idna-3.0.tar.gz"),
        ("verified against the page", "sha256"),
        ("yanked", "broken"),
        ("requires python", ">=3.8"),
    ):
        assert re.search(rf"^{label} +{re.escape(value)}$", ran.out, re.MULTILINE), label
    assert "2 members left out:\n" in ran.out
    assert "  unsafe-name  idna-3.0/a\\x1b[31m\\n.txt  1 byte\n" in ran.out
    assert "  git-directory  idna-3.0/.git/[bold]:bug:  3 bytes\n" in ran.out
    assert re.search(r"^attempt 1, .* UTC: errored: auth: .* answered 403 Forbidden", ran.out, re.MULTILINE)
    assert re.search(r"^attempt 2, .* UTC: completed$", ran.out, re.MULTILINE)


def test_show_of_a_release_that_failed_says_what_to_do(desk: Desk) -> None:
    desk.configure(MISSING)
    desk.sync()
    ran = desk.stored("show", MISSING)
    assert (ran.status, ran.err) == (0, "")
    assert "\nproblem     not-found: no mirror has no-such==1.0 (" in ran.out
    assert f"\nwhat to do  {FACTS[Reason.NOT_FOUND].advice}\n" in ran.out


def test_show_by_pin_by_path_and_in_another_case(desk: Desk) -> None:
    desk.sync()
    shown = {desk.stored("show", text).out for text in (SIX, str(desk.repository("python/six/1.0")), "Python/SIX/1.0")}
    assert shown == {desk.stored("show", "python/six/1.0").out}


def test_show_of_an_unknown_repository(desk: Desk) -> None:
    desk.sync()
    ran = desk.stored("show", "python/six/9")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == (
        "codehost: There is no repository python/six/9: give a pin such as six==1.16.0, or a name such as"
        " python/six/1.16.0.\n"
    )


def test_verify_and_repair(desk: Desk) -> None:
    desk.sync()
    assert desk.stored("verify") == Ran(status=0, out="2 repositories checked, 0 not sound\n", err="")
    shutil.copytree(desk.repository("python/six/1.0"), desk.repository("stray"))
    shutil.rmtree(desk.repository("python/six/1.0"))
    (pack,) = desk.repository("python/attrs/2.0").glob("objects/pack/*.pack")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:-1] + b"\0")
    ran = desk.stored("verify")
    assert ran.status == 1
    six, attrs, stray, counts, advice = sorted(ran.out.splitlines(), key=_findings_first)
    assert six == "python/six/1.0: missing: there is no such directory"
    assert attrs.startswith("python/attrs/2.0: damaged: ")
    assert stray == "stray: stray: no completed release in the database has this name"
    assert counts == "2 repositories checked, 3 not sound"
    assert "codehost verify --repair" in advice
    repaired = desk.stored("verify", "--repair")
    assert repaired.status == 0
    assert repaired.out.endswith("Damaged repositories are queued again and strays are removed: run codehost sync.\n")
    status, summary = desk.sync_to_json()
    assert (status, summary["counts"]["synced"]) == (0, 2)
    assert desk.stored("verify").status == 0


def _findings_first(line: str) -> int:
    order = ("python/six", "python/attrs", "stray", "2 ", "")
    return next(index for index, start in enumerate(order) if line.startswith(start))


@pytest.mark.parametrize("command", [["status"], ["show", "python/six/1.0"], ["verify"], ["verify", "--repair"]])
def test_where_nothing_has_been_synced(desk: Desk, command: list[str]) -> None:
    ran = desk.stored(command[0], *command[1:])
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == (
        f"codehost: Nothing has been synced into {desk.data} yet: check --data-dir, or run codehost sync or worker.\n"
    )
    assert not desk.data.exists()


def test_migrate(desk: Desk, database_url: str) -> None:
    for _ in range(2):
        ran = desk.stored("migrate", "--database-url", database_url)
        assert (ran.status, ran.out) == (0, "the database is up to date\n")
    assert desk.sync("--database-url", database_url).status == 0
    assert desk.stored("status", "--database-url", database_url).out == "host: 2 completed\n"
    assert not (desk.data / "codehost.db").exists()
