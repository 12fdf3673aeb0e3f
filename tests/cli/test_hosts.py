import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.pins import ATTRS, SIX
from tests.desk import Desk, Ran

SECRET = "hunter2"


@pytest.fixture
def hosts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with the code host ``work``, whose mirror takes a token."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(desk.folder))
    desk.configure(SIX, ATTRS, urls=[{"url": desk.mirror.url, "bearerToken": SECRET}])
    ran = desk.stored("hosts", "add", str(desk.file), "--name", "work", "--priority", "5")
    key = f"{desk.data / 'key'} holds the key to its secrets. Keep a copy in a safe place, apart from the database's.\n"
    added = "work: added; codehost worker syncs it, and codehost status says how far it is\n"
    assert ran == Ran(status=0, out=key + added, err="")
    return desk


def shown(desk: Desk, name: str = "work") -> dict[str, Any]:
    ran = desk.stored("hosts", "show", name, "--json")
    assert (ran.status, ran.err) == (0, "")
    state: dict[str, Any] = json.loads(ran.out)
    return state


def test_where_there_is_none(desk: Desk) -> None:
    assert desk.stored("hosts", "list") == Ran(
        status=0, out="There is no code host yet: run codehost hosts add FILE.\n", err=""
    )
    assert json.loads(desk.stored("hosts", "list", "--json").out) == {"codeHosts": []}
    assert not desk.data.exists()


def test_a_host_is_shown_without_its_secrets(hosts: Desk) -> None:
    state = shown(hosts)
    assert (state["name"], state["priority"], state["source"]) == ("work", 5, "hosts")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", state["createdAt"])
    assert json.loads(state["document"])["urls"][0]["bearerToken"] == "REDACTED"
    text = hosts.stored("hosts", "show", "work").out
    assert '"bearerToken": "REDACTED"' in text
    assert "kept by    codehost hosts\n" in text
    assert SECRET not in text
    assert SECRET.encode() not in (hosts.data / "codehost.db").read_bytes()


def test_the_list(hosts: Desk) -> None:
    hosts.stored("hosts", "add", str(hosts.file), "--name", "other", "--priority", "1")
    assert hosts.stored("hosts", "list").out == "other: to be planned, no releases\nwork: to be planned, no releases\n"
    listed = json.loads(hosts.stored("hosts", "list", "--json").out)["codeHosts"]
    assert [state["name"] for state in listed] == ["other", "work"]
    assert "document" not in listed[0]


def test_what_cannot_be_added(hosts: Desk) -> None:
    ran = hosts.stored("hosts", "add", str(hosts.file), "--name", "work")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("codehost: There is a code host 'work' already: ")
    hosts.file.write_text('{"urls": [],\n "x": 1}', encoding="utf-8")
    ran = hosts.stored("hosts", "add", str(hosts.file))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"{hosts.file}:2:2: /x: ")
    assert ran.err.endswith(f"{hosts.file}: 1 mistake\n")
    ran = hosts.stored("hosts", "add", str(hosts.folder / "none"))
    assert ran.status == 2
    assert ran.err.startswith(f"codehost: {hosts.folder}/none cannot be read (No such file or directory): check the")
    assert hosts.stored("hosts", "add", str(hosts.file), "--name", "").status == 2


def test_an_edit_by_a_file(hosts: Desk) -> None:
    document = shown(hosts)["document"]
    hosts.file.write_text(document.replace(SIX, "idna==3"), encoding="utf-8")
    edit = ("hosts", "edit", "work", str(hosts.file))
    assert hosts.stored(*edit) == Ran(status=0, out="work: changed\n", err="")
    assert hosts.stored(*edit) == Ran(status=0, out="work: nothing is changed\n", err="")
    assert "idna==3" in shown(hosts)["document"]
    hosts.file.write_text(document.replace(hosts.mirror.url, "https://other.example"), encoding="utf-8")
    ran = hosts.stored(*edit)
    assert (ran.status, ran.out) == (2, "")
    assert "stands for the bearer token that belonged to http://" in ran.err
    assert "it is not sent to another URL: write it again\n" in ran.err


def test_an_edit_in_the_editor(hosts: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", f"sed -i s/{SIX}/idna==3/")
    assert hosts.stored("hosts", "edit", "work") == Ran(status=0, out="work: changed\n", err="")
    assert "idna==3" in shown(hosts)["document"]
    assert hosts.stored("hosts", "edit", "work") == Ran(status=0, out="work: nothing is changed\n", err="")
    assert not list(hosts.folder.glob("codehost-*"))


def test_an_edit_with_mistakes_is_kept_for_another_time(hosts: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shown(hosts)
    monkeypatch.setenv("EDITOR", f"sed -i s/{SIX}/six/")
    ran = hosts.stored("hosts", "edit", "work")
    assert (ran.status, ran.out) == (2, "")
    (file,) = hosts.folder.glob("codehost-*/document.jsonc")
    assert ran.err.startswith(f"{file}:1:")
    assert ran.err.endswith(
        f"{file}: 1 mistake\nYour changes are in {file}: codehost hosts edit work {file} takes them.\n"
    )
    assert shown(hosts) == before
    file.write_text(file.read_text(encoding="utf-8").replace('"six"', '"idna==3"'), encoding="utf-8")
    assert hosts.stored("hosts", "edit", "work", str(file)).out == "work: changed\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "status"), [("\n", 0), ("n\n", 2)])
def test_a_person_may_edit_it_again(hosts: Desk, monkeypatch: pytest.MonkeyPatch, answer: str, status: int) -> None:
    # What the first run makes of the pin is no pin; the second run makes it one again.
    monkeypatch.setenv("EDITOR", f'sed -i -e \'s/"six"/"idna==3"/\' -e s/{SIX}/six/')
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    ran = hosts.stored("hosts", "edit", "work")
    assert (ran.status, ran.out) == (status, "" if status else "work: changed\n")
    assert "Edit it again? [Y/n]: " in ran.err
    assert ("idna==3" in shown(hosts)["document"]) == (status == 0)
    assert len(list(hosts.folder.glob("codehost-*"))) == (status != 0)


def test_an_edit_while_somebody_else_edits(hosts: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "both"
    other = tmp_path / "other.jsonc"
    other.write_text(shown(hosts)["document"].replace(ATTRS, "idna==3"), encoding="utf-8")
    program = f"-m codehost hosts edit work {other} --data-dir {hosts.data}"
    script.write_text(
        f"#!/bin/sh\n{sys.executable} {program} >&2 || exit 9\nsed -i s/{SIX}/chardet==5/ $1\n", encoding="utf-8"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("EDITOR", str(script))
    ran = hosts.stored("hosts", "edit", "work")
    assert (ran.status, ran.out) == (3, "")
    assert "codehost: The document of the code host 'work' was changed by somebody else in the meantime" in ran.err
    assert "Your changes are in " in ran.err
    assert "idna==3" in shown(hosts)["document"]


def test_what_people_ask_for(hosts: Desk) -> None:
    for command, said, key, value in (
        (("pause", "work"), "paused", "paused", True),
        (("resume", "work"), "goes on", "paused", False),
        (("confirm", "work"), "its removals are confirmed, for the document as it is now", "removalConfirmed", True),
        (("priority", "work", "9"), "has priority 9", "priority", 9),
    ):
        assert hosts.stored("hosts", *command) == Ran(status=0, out=f"work: {said}\n", err="")
        assert shown(hosts)[key] == value
    assert shown(hosts)["syncRequestedAt"] is None
    assert hosts.stored("hosts", "sync", "work").out == (
        "work: a worker will plan it next, and try again what failed\n"
    )
    assert shown(hosts)["syncRequestedAt"]


@pytest.mark.parametrize("command", ["show", "edit", "remove", "pause", "resume", "sync", "confirm"])
def test_a_host_that_is_not_there(hosts: Desk, command: str) -> None:
    assert hosts.stored("hosts", command, "none") == Ran(
        status=3, out="", err="codehost: There is no code host 'none': codehost hosts list shows all of them.\n"
    )


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_a_removal_that_is_thought_better_of(hosts: Desk, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    ran = hosts.stored("hosts", "remove", "work")
    assert (ran.status, ran.out) == (0, "work: nothing is changed\n")
    assert "Remove work and its 0 releases?" in ran.err
    assert shown(hosts)["removedAt"] is None


def test_a_removal_where_nobody_can_be_asked(hosts: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    ran = hosts.stored("hosts", "remove", "work")
    assert (ran.status, ran.out) == (2, "")
    assert "There is nobody to ask: give --yes if that is meant." in ran.err
    assert shown(hosts)["removedAt"] is None


def test_keys_from_the_environment_are_used_and_no_file_is_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEHOST_KEY", desk.stored("keys", "new", "--print").out.strip())
    desk.configure(SIX, urls=[{"url": desk.mirror.url, "bearerToken": SECRET}])
    ran = desk.stored("hosts", "add", str(desk.file))
    assert (ran.status, len(ran.out.splitlines())) == (0, 1)
    assert not (desk.data / "key").exists()


def test_removal(hosts: Desk) -> None:
    assert hosts.stored("hosts", "remove", "work", "--yes") == Ran(status=0, out="work: removed\n", err="")
    assert json.loads(hosts.stored("hosts", "list", "--json").out) == {"codeHosts": []}


def test_removal_of_what_was_synced(desk: Desk) -> None:
    assert desk.sync().status == 0
    ran = desk.stored("hosts", "remove", "host", "--yes")
    assert ran.out == "host: removed; codehost worker takes its repositories away when its --grace has passed\n"
    assert desk.stored("hosts", "list").out == "host: being removed, 2 retired\n"


def test_a_sync_says_when_a_document_is_kept_in_the_database(hosts: Desk) -> None:
    hosts.configure(SIX)
    ran = hosts.sync("--name", "work")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.endswith(
        "codehost: The document of the code host 'work' is kept in the database: change it with codehost hosts edit"
        " work, or use another name.\n"
    )
    assert ATTRS in shown(hosts)["document"]
