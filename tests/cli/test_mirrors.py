import json
import os
import re
import signal
import threading
import time

import pytest

from tests.cli.pins import ATTRS, MISSING, SIX
from tests.desk import Desk, Ran
from tests.simulator.mirror import Fault, Mirror
from tests.simulator.running import running
from tests.wiring import add_sdist


def check(desk: Desk, *options: str) -> Ran:
    return desk.stored("check", str(desk.file), *options)


def plan(desk: Desk, *options: str) -> Ran:
    return desk.stored("plan", str(desk.file), *options)


def test_check(desk: Desk) -> None:
    ran = check(desk)
    assert (ran.status, ran.err) == (0, "")
    url = re.escape(desk.mirror.url)
    assert re.fullmatch(
        rf"well     {url}: plain http, no credentials, \d+ ms, JSON API, simple root {url} \(as written\),"
        r" has six in 1 version\nhost: 1 of 1 mirrors well, 1 request\n",
        ran.out,
    )
    assert desk.mirror.paths() == ["/simple/six/"]
    assert not desk.data.exists()


def test_check_to_json(desk: Desk) -> None:
    desk.sync()
    ran = check(desk, "--json")
    report = json.loads(ran.out)
    assert (ran.status, ran.err, report["well"], report["codeHost"], report["project"]) == (0, "", True, "host", "six")
    assert report["requests"] == {"sent": 1, "left": 57600 - 5}
    (mirror,) = report["mirrors"]
    assert (mirror["url"], mirror["well"], mirror["api"]) == (desk.mirror.url, True, "JSON")


def test_a_broken_mirror(desk: Desk) -> None:
    desk.mirror.fault("/simple/six/", Fault(body=b"<html><form></form></html>"))
    ran = check(desk)
    assert ran.status == 1
    assert f"broken   {desk.mirror.url}: " in ran.out
    assert "\n         what to do: " in ran.out
    assert ran.out.endswith("host: 0 of 1 mirrors well, 1 request\n")


def test_a_url_that_is_no_mirror(desk: Desk) -> None:
    for url in (f"{desk.mirror.base}/wrong", f"{desk.mirror.base}/wrong/simple"):
        desk.configure(SIX, urls=[url])
        ran = check(desk)
        assert ran.status == 1
        assert ran.out.startswith(f"unsure   {url}: nothing there shows that it is a simple API (")
        assert "\n         what to do: Check the URL: " in ran.out
        ran = check(desk, "--json")
        report = json.loads(ran.out)
        assert (ran.status, report["well"], report["mirrors"][0]["well"]) == (1, False, False)


def test_no_mirror_is_enabled(desk: Desk) -> None:
    desk.configure(SIX, urls=[{"url": desk.mirror.url, "enabled": False}])
    ran = check(desk)
    assert ran.status == 1
    assert "No mirror is enabled" in ran.out
    assert desk.mirror.requests == []


def test_a_plan_with_a_dead_mirror_ends(desk: Desk) -> None:
    pins = [f"p{number}==1.0" for number in range(40)]
    desk.configure(*pins, urls=["http://127.0.0.1:1/simple"])
    ran = plan(desk, "--json")
    preview = json.loads(ran.out)
    assert ran.status == 1
    assert {pin["reason"] for pin in preview["pins"]} == {"network"}
    # Eight at a time, three attempts each.
    assert preview["requests"]["sent"] <= 3 * 8 * 2
    assert sum(pin["message"].startswith("not asked again: ") for pin in preview["pins"]) >= 40 - 16
    assert (preview["sync"]["pages"], preview["sync"]["files"]) == (40, 0)


@pytest.mark.parametrize("status", [200, 401, 403, 500])
@pytest.mark.parametrize("command", ["check", "plan"])
def test_no_secret_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str, status: int) -> None:
    private = Mirror(username="user", password="canary")
    add_sdist(private, SIX)
    if status != 200:
        private.fault("/simple/six/", Fault(status=status))
    with running(private):
        monkeypatch.setenv("CODEHOST_TEST_PASSWORD", "canary" if status != 401 else "wrong-canary")
        reference = {"url": private.url, "username": "user", "password": {"env": "CODEHOST_TEST_PASSWORD"}}
        desk.configure(SIX, urls=[reference, private.authenticated_url + "/other"])
        for options in ([], ["--json"]):
            ran = desk.stored(command, str(desk.file), *options)
            monkeypatch.setenv("CODEHOST_TEST_PASSWORD", "canary" if status != 401 else "wrong-canary")
            # Nothing shows that the second mirror is one: only a check minds.
            assert ran.status == (0 if status == 200 and command == "plan" else 1)
            assert "canary" not in ran.out + ran.err
    assert private.requests


def test_plan(desk: Desk) -> None:
    desk.sync()
    desk.mirror.requests.clear()
    add_sdist(desk.mirror, "six==2.0")
    desk.configure(SIX, "six==2.0", MISSING)
    ran = plan(desk)
    assert (ran.status, ran.err) == (1, "")
    out = ran.out.splitlines()
    assert out[0] == f"add      six==2.0: six-2.0.tar.gz from {desk.mirror.url} (the only sdist)"
    assert out[1].startswith("not-found (1): ")
    assert out[2] == f"  {MISSING}: no mirror has {MISSING} ({desk.mirror.url}: 404 for the project)"
    assert out[3:] == [
        "retire   python/attrs/2.0 (a sync keeps it; with --prune it removes it)",
        "host: 2 to add, 1 to retire, 1 unchanged, 1 would not be found",
        "A sync would send about 3 requests (2 pages, 1 file); a limit of 57600 requests an hour allows that at once.",
        "This preview sent 2 requests (57594 left this hour).",
    ]
    assert sorted(desk.mirror.paths()) == ["/simple/no-such/", "/simple/six/"]


def test_plan_to_json_before_any_sync(desk: Desk) -> None:
    ran = plan(desk, "--json", "--name", "mine")
    preview = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    assert (preview["codeHost"], preview["known"], preview["well"]) == ("mine", False, True)
    assert [(pin["pin"], pin["file"]) for pin in preview["pins"]] == [
        (SIX, "six-1.0.tar.gz"),
        (ATTRS, "attrs-2.0.tar.gz"),
    ]
    assert not desk.data.exists()


def test_what_plan_says_is_what_sync_does(desk: Desk) -> None:
    preview = json.loads(plan(desk, "--json").out)
    _, summary = desk.sync_to_json()
    assert [(pin["file"], pin["mirror"], pin["repository"]) for pin in preview["pins"]] == [
        (pin["file"], pin["mirror"], pin["repository"]) for pin in summary["pins"]
    ]
    assert preview["sync"]["requests"] == summary["requests"]["sent"]


def test_plan_offline_needs_neither_mirror_nor_secrets(desk: Desk) -> None:
    desk.configure(SIX, urls=[{"url": desk.mirror.url, "bearerToken": {"env": "CODEHOST_TEST_NOT_SET"}}])
    ran = plan(desk, "--offline")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == f"add      {SIX} -> python/six/1.0"
    assert ran.out.endswith("This preview sent 0 requests.\n")
    assert desk.mirror.requests == []
    ran = plan(desk)
    assert (ran.status, ran.out) == (2, "")
    assert "CODEHOST_TEST_NOT_SET, which is not set" in ran.err


def test_a_paused_code_host(desk: Desk) -> None:
    desk.configure(SIX, rateLimit={"requestsPerHour": 0})
    for ran in (plan(desk), check(desk)):
        assert ran.status == 0
        assert "rateLimit.requestsPerHour is 0, which pauses the code host" in ran.out
    assert desk.mirror.requests == []


@pytest.mark.parametrize("command", ["check", "plan"])
def test_what_cannot_work(desk: Desk, command: str) -> None:
    ran = desk.stored(command, str(desk.file), "--database-url", "postgresql://user:canary@127.0.0.1:1/nothing")
    assert (ran.status, ran.out) == (3, "")
    assert "cannot be reached" in ran.err
    assert "canary" not in ran.err
    ran = desk.stored(command, str(desk.file), "--name", "")
    assert (ran.status, ran.out) == (2, "")
    desk.file.write_text("{")
    ran = desk.stored(command, str(desk.file))
    assert (ran.status, ran.out) == (2, "")
    assert not desk.data.exists()


@pytest.mark.parametrize("command", ["check", "plan"])
def test_an_interruption(desk: Desk, command: str) -> None:
    desk.mirror.fault("/simple/six/", Fault(delay=30))

    def interrupt() -> None:
        while "/simple/six/" not in desk.mirror.paths():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    ran = desk.stored(command, str(desk.file))
    assert (ran.status, ran.out, ran.err.strip()) == (130, "", "")
    thread.join()
    assert not desk.data.exists()


def test_a_spent_budget_is_told(desk: Desk) -> None:
    desk.configure(SIX, ATTRS, rateLimit={"requestsPerHour": 1})

    def interrupt() -> None:
        while not desk.mirror.paths():
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    ran = plan(desk)
    thread.join()
    assert (ran.status, len(desk.mirror.requests)) == (130, 1)
    assert re.fullmatch(r"the hourly budget is spent; the next request may go in 36\d\d s\n+", ran.err)
