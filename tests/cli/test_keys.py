import os

import pytest
from cryptography.fernet import Fernet

from tests.cli.pins import SIX
from tests.desk import Desk, Ran

TOKEN = "hunter2"


def configure(desk: Desk) -> None:
    url = desk.mirror.url
    desk.configure(SIX, urls=[{"url": url, "bearerToken": TOKEN}, {"url": f"{url}/x", "bearerToken": TOKEN}])


def test_a_new_key_and_rotation(desk: Desk) -> None:
    configure(desk)
    assert desk.stored("hosts", "add", str(desk.file)).status == 0
    file = desk.data / "key"
    first = file.read_text(encoding="ascii")
    ran = desk.stored("keys", "new")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"{file} holds 2 keys; only this user may read it.")
    assert "codehost keys rotate encrypts all secrets with the newest" in ran.out
    newest, oldest = file.read_text(encoding="ascii").split()
    assert oldest == first.strip()
    said = "2 secrets are encrypted with the newest key; older keys can be taken away.\n"
    assert desk.stored("keys", "rotate") == Ran(status=0, out=said, err="")
    file.write_text(newest, encoding="ascii")
    assert desk.stored("keys", "rotate").status == 0
    file.write_text(first, encoding="ascii")
    ran = desk.stored("keys", "rotate")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == (
        "codehost: The secret at /urls/0/bearerToken of the code host 'host' cannot be read with the keys of the key"
        f" file {file}: add the key that it was encrypted with behind the newest one. If that key is lost, remove the"
        " code host and add it again with its secrets.\n"
    )


def test_a_key_in_another_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk.folder / "keys" / "mine"
    ran = desk.stored("keys", "new", "--key-file", str(file))
    assert ran == Ran(
        status=0, out=f"{file} holds 1 key; only this user may read it. Keep a copy in a safe place.\n", err=""
    )
    configure(desk)
    monkeypatch.setenv("CODEHOST_KEY_FILE", str(file))
    assert desk.stored("hosts", "add", str(desk.file)).status == 0
    assert not (desk.data / "key").exists()
    assert desk.stored("keys", "rotate").out.startswith("2 secrets")


def test_a_key_in_the_environment_does_not_stay_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key = desk.run("keys", "new", "--print").out.strip()
    Fernet(key)
    assert not desk.data.exists()
    configure(desk)
    monkeypatch.setenv("CODEHOST_KEY", key)
    assert desk.stored("hosts", "add", str(desk.file)).status == 0
    assert "CODEHOST_KEY" not in os.environ
    assert not (desk.data / "key").exists()
    ran = desk.stored("keys", "rotate")
    assert (ran.status, ran.out) == (3, "")
    assert "is missing, and the database holds secrets" in ran.err


def test_several_machines_are_not_given_several_keys(desk: Desk, postgresql_url: str) -> None:
    configure(desk)
    place = ("--database-url", postgresql_url)
    ran = desk.stored("hosts", "add", str(desk.file), *place)
    assert (ran.status, ran.out) == (3, "")
    assert "need the same key: make one with codehost keys new." in ran.err
    assert desk.stored("keys", "new", *place).status == 0
    assert desk.stored("hosts", "add", str(desk.file), *place).status == 0


def test_a_key_that_others_may_read(desk: Desk) -> None:
    desk.stored("keys", "new")
    (desk.data / "key").chmod(0o644)
    configure(desk)
    ran = desk.stored("hosts", "add", str(desk.file))
    assert ran.status == 3
    assert ran.err == (
        f"codehost: The key file {desk.data}/key is open to other users (mode 0644): run chmod 600 {desk.data}/key.\n"
    )
