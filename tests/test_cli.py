import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codehost.model.errors import FACTS, Reason
from tests.desk import Desk, Ran
from tests.simulator.distfiles import make_sdist
from tests.simulator.mirror import Fault, Mirror
from tests.simulator.running import running
from tests.wiring import add_sdist

SIX, ATTRS, MISSING = "six==1.0", "attrs==2.0", "no-such==1.0"


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    mirror = Mirror()
    for pin in (SIX, ATTRS):
        add_sdist(mirror, pin)
    with running(mirror):
        made = Desk(folder=tmp_path, mirror=mirror, capsys=capsys)
        made.configure(SIX, ATTRS)
        yield made


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


@pytest.mark.parametrize("text", ["", "[]", "{", '{"urls": []', "\udcff"])
@pytest.mark.parametrize("command", ["validate", "sync"])
def test_a_document_that_is_none(desk: Desk, text: str, command: str) -> None:
    desk.file.write_bytes(text.encode("utf-8", "surrogateescape"))
    ran = desk.run("validate", str(desk.file)) if command == "validate" else desk.sync()
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.endswith(f"{desk.file}: 1 mistake\n")
    assert not desk.data.exists()


@pytest.mark.parametrize("command", ["validate", "sync"])
@pytest.mark.parametrize("name", ["missing.jsonc", "."])
def test_a_file_that_cannot_be_read(desk: Desk, command: str, name: str) -> None:
    ran = desk.run(command, str(desk.folder / name))
    assert (ran.status, ran.out) == (2, "")
    assert re.fullmatch(r"codehost: \S+ cannot be read \(.+\): check the path and its permissions\.\n", ran.err)


@pytest.mark.parametrize("arguments", [["validate"], ["nothing"], ["sync", "--nothing"], ["show"], ["--nothing"]])
def test_a_command_line_that_is_not_valid(desk: Desk, arguments: list[str]) -> None:
    ran = desk.run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "Error: " in ran.err


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


@pytest.mark.parametrize(
    ("file_name", "name"),
    [("py.prod.jsonc", "py.prod"), ("host", "host"), (".jsonc", ".jsonc"), ("[bold] é.json", "[bold] é")],
)
def test_the_default_name_of_a_code_host(desk: Desk, file_name: str, name: str) -> None:
    desk.configure()
    file = desk.file.rename(desk.folder / file_name)
    assert desk.stored("sync", str(file)).status == 0
    assert desk.stored("status").out == f"{name}: no releases\n"


@pytest.mark.parametrize("name", ["x" * 200, "a b/c", "\N{SNOWMAN}"])
def test_a_name_of_its_own(desk: Desk, name: str) -> None:
    desk.configure()
    assert desk.sync("--name", name).status == 0
    assert desk.stored("status").out == f"{name}: no releases\n"


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "\x1b[31m", "\udcff", "\0"])
def test_a_name_that_no_code_host_may_have(desk: Desk, name: str) -> None:
    ran = desk.sync("--name", name)
    assert (ran.status, ran.out) == (2, "")
    assert "Invalid value for --name: " in ran.err
    assert "cannot be a code host's name: give printable characters, at most 200." in ran.err
    assert "\x1b" not in ran.err
    assert not desk.data.exists()


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
    assert desk.stored("status") == Ran(status=0, out="There is no code host yet: run codehost sync FILE.\n", err="")


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
        f"codehost: Nothing has been synced into {desk.data} yet: check --data-dir, or run codehost sync.\n"
    )
    assert not desk.data.exists()


def test_migrate(desk: Desk, database_url: str) -> None:
    for _ in range(2):
        ran = desk.stored("migrate", "--database-url", database_url)
        assert (ran.status, ran.out) == (0, "the database is up to date\n")
    assert desk.sync("--database-url", database_url).status == 0
    assert desk.stored("status", "--database-url", database_url).out == "host: 2 completed\n"
    assert not (desk.data / "codehost.db").exists()


def test_storage_from_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    monkeypatch.setenv("CODEHOST_DATA_DIR", str(desk.data))
    for command, out in ((("sync", str(desk.file)), "host: 2 synced"), (("status",), "host: 2 completed\n")):
        # Each run takes it away, so that no child inherits it.
        monkeypatch.setenv("CODEHOST_DATABASE_URL", sqlite_url)
        assert desk.run(*command).out.startswith(out)
        assert "CODEHOST_DATABASE_URL" not in os.environ
    assert desk.repository("python/six/1.0").exists()
    assert not (desk.data / "codehost.db").exists()


def test_a_database_that_cannot_be_reached_keeps_its_password(desk: Desk) -> None:
    ran = desk.stored("status", "--database-url", "postgresql://user:canary@127.0.0.1:1/nothing")
    assert (ran.status, ran.out) == (3, "")
    assert "cannot be reached" in ran.err
    assert "canary" not in ran.err
