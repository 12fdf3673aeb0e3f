import re
import shutil

import pytest

from codehost.model.errors import FACTS, Reason
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
