"""``codehost follow``'s options. What it does is tried in tests/consume and tests/acceptance."""

import os
from pathlib import Path

import pytest

from codehost.consume.place import held
from tests.desk import Desk

URL = "https://code.example.com"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("code.example.com", "x"), "it is no server's address"),
        (("ssh://code.example.com", "x"), "it is no server's address"),
        (("https://t@code.example.com", "x"), "give it with --token-file or CODEHOST_TOKEN"),
        ((URL, "x", "--notify", "localhost:6060"), "http://127.0.0.1:6060/index"),
        ((URL, "x", "--run", "'a"), "is no command (No closing quotation)"),
        ((URL, "x", "--run", ""), "is no command (it is empty)"),
        ((URL, "x", "--run", "a", "--notify", "http://127.0.0.1:6060/index"), "give one of them"),
        ((URL, "x", "--jobs", "0"), "1<=x<=64"),
        ((URL,), "Missing argument 'DIRECTORY'"),
    ],
)
def test_what_is_no_command_line(desk: Desk, arguments: tuple[str, ...], part: str) -> None:
    ran = desk.run("follow", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert part in ran.err
    assert not Path("x").exists()


def test_a_server_that_is_another(desk: Desk) -> None:
    ran = desk.run("follow", desk.mirror.url, str(desk.folder / "clones"), "--once")
    assert ran.status == 3
    assert "there is no feed: check the address and its base path" in ran.err


def test_one_process_for_a_directory(desk: Desk) -> None:
    with held(desk.folder / "clones"):
        ran = desk.run("follow", URL, str(desk.folder / "clones"))
    assert ran.status == 3
    assert f"Another codehost follow keeps {desk.folder / 'clones'}" in ran.err


def test_a_directory_that_cannot_be_made(desk: Desk) -> None:
    desk.file.write_text("")
    ran = desk.run("follow", URL, str(desk.file / "clones"))
    assert ran.status == 3
    assert f"The directory {desk.file / 'clones'} cannot be used (Not a directory)" in ran.err


def test_there_is_no_git(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(desk.folder))
    ran = desk.run("follow", URL, str(desk.folder / "clones"))
    assert ran.status == 3
    assert "There is no git here" in ran.err


def test_a_token_is_taken_out_of_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEHOST_TOKEN", "not a token")
    ran = desk.run("follow", URL, str(desk.folder / "clones"), "--once")
    assert ran.status == 3
    assert "CODEHOST_TOKEN holds no token" in ran.err
    assert "not a token" not in ran.err
    assert "CODEHOST_TOKEN" not in os.environ
