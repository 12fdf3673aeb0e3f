import os
import re

import pytest

from tests.desk import Desk


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


def test_storage_from_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    monkeypatch.setenv("CODEHOST_DATA_DIR", str(desk.data))
    for command, out in ((("sync", str(desk.file)), "host: 2 synced"), (("status",), "host: 2 completed\n")):
        # Each run takes it away, so that no child inherits it.
        monkeypatch.setenv("CODEHOST_DATABASE_URL", sqlite_url)
        assert desk.run(*command).out.startswith(out)
        assert "CODEHOST_DATABASE_URL" not in os.environ
    assert desk.repository("python/six/1.0").exists()
    assert not (desk.data / "codehost.db").exists()


@pytest.mark.parametrize("command", ["sync", "status", "plan", "hosts list"])
def test_keys_are_taken_out_of_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CODEHOST_KEY", "canary")
    first, *more = command.split()
    file = [str(desk.file)] if command in {"sync", "plan"} else []
    assert desk.stored(first, *more, *file).status in {0, 3}
    assert "CODEHOST_KEY" not in os.environ


def test_a_database_that_cannot_be_reached_keeps_its_password(desk: Desk) -> None:
    ran = desk.stored("status", "--database-url", "postgresql://user:canary@127.0.0.1:1/nothing")
    assert (ran.status, ran.out) == (3, "")
    assert "cannot be reached" in ran.err
    assert "canary" not in ran.err
