import json
import re

from codehost.serve.access.credentials import is_token
from tests.desk import Desk, Ran


def test_added_listed_and_revoked(desk: Desk) -> None:
    ran = desk.stored("tokens", "list")
    assert (ran.status, ran.out) == (3, "")
    ran = desk.stored("tokens", "add", "ci", "--role", "reader")
    assert (ran.status, is_token(ran.out.strip())) == (0, True)
    assert ran.err == "ci: added with the role reader. This is the only time that it is shown.\n"
    ran = desk.stored("tokens", "add", "me", "--role", "admin", "--expires", "30")
    assert ran.err == "me: added with the role admin for 30 days. This is the only time that it is shown.\n"
    secret = ran.out.strip()
    ran = desk.stored("tokens", "list")
    assert ran.out.splitlines()[0] == "ci: reader, does not expire, never used"
    assert re.fullmatch(r"me: admin, expires \d{4}-\d\d-\d\d \d\d:\d\d UTC, never used", ran.out.splitlines()[1])
    assert secret not in ran.out
    found = json.loads(desk.stored("tokens", "list", "--json").out)["tokens"]
    assert [(one["name"], one["role"], one["lastUsedAt"]) for one in found] == [
        ("ci", "reader", None),
        ("me", "admin", None),
    ]
    assert desk.stored("tokens", "revoke", "ci") == Ran(status=0, out="ci: revoked\n", err="")
    desk.stored("tokens", "revoke", "me")
    assert desk.stored("tokens", "list").out == "There is no token yet: run codehost tokens add NAME --role admin.\n"


def test_what_cannot_be_added_or_revoked(desk: Desk) -> None:
    desk.stored("tokens", "add", "ci", "--role", "reader")
    ran = desk.stored("tokens", "add", "ci", "--role", "admin")
    said = "codehost: There is a token called 'ci' already: revoke it, or give another name.\n"
    assert ran == Ran(status=3, out="", err=said)
    said = "codehost: There is no token called 'x': codehost tokens list shows all.\n"
    assert desk.stored("tokens", "revoke", "x") == Ran(status=3, out="", err=said)
    ran = desk.stored("tokens", "add", "a\nb", "--role", "reader")
    assert (ran.status, ran.out) == (3, "")
    for options in (["--role", "owner"], [], ["--role", "reader", "--expires", "0"]):
        assert desk.stored("tokens", "add", "x", *options).status == 2
