"""The whole program against real servers: what it records, what it says, and how little it asks the second time."""

from pathlib import Path
from typing import Any

from tests.acceptance.program import Desk
from tests.integration.forwarder import Forwarder
from tests.integration.processes import refusing
from tests.integration.releases import PRIVATE, PUBLIC, fill, sha256
from tests.integration.servers import PASSWORD, USER, Server
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Mirror

COMMON = "common-1.0.tar.gz"


def pins(summary: dict[str, Any]) -> dict[str, Any]:
    return {pin["pin"]: pin for pin in summary["pins"]}


async def test_a_new_pin_costs_a_page_and_a_file(server: Server, tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Forwarder(target=server.origin) as front:
        for form in server.forms:
            url = front.origin + form
            first = await sync(desk, [url], ["inhouse==1.0", "wheely==3.0"], form)
            assert first["counts"]["synced"] == 2
            front.paths.clear()
            second = await sync(desk, [url], ["inhouse==1.0", "wheely==3.0", "tools==2.0"], form)
            assert (second["counts"]["synced"], second["counts"]["unchanged"]) == (1, 2)
            assert len(front.paths) == second["requests"]["sent"] == 2, front.paths
            assert front.paths[0] == f"{server.forms[-1]}/tools/"


async def test_a_private_mirror_and_a_public_one(devpi_stage: Server, static_server: Server, tmp_path: Path) -> None:
    authority = Authority()
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
    desk = Desk(folder=tmp_path / "desk", environment={"MIRROR_USER": USER}, forks=True)
    async with (
        Forwarder(target=devpi_stage.origin, ssl_context=authority.server(), username=USER, password=PASSWORD) as front,
        Mirror() as public,
    ):
        fill(public, PUBLIC)
        private = {
            "url": front.origin + devpi_stage.forms[0],
            "username": {"env": "MIRROR_USER"},
            "password": {"file": str(secret)},
            "caBundle": authority.bundle(tmp_path),
        }
        summary = await sync(desk, [private, public.url], ["common==1.0", "open==1.0", "nowhere==1.0"])
        found = {pin: (entry["mirror"], entry["reason"]) for pin, entry in pins(summary).items()}
        assert found == {
            "common==1.0": (private["url"], None),
            "open==1.0": (public.url, None),
            "nowhere==1.0": (None, "not-found"),
        }
        assert pins(summary)["common==1.0"]["sha256"] == sha256(PRIVATE, COMMON)
        assert [path for path in public.paths() if "common" in path] == []
        shown = await desk.run("show", "open==1.0", *desk.place)
        assert str(private["url"]) in shown.stdout


async def test_a_mirror_that_is_down_is_named_and_nothing_is_taken_elsewhere(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    with refusing() as down:
        async with Mirror() as public:
            fill(public, PUBLIC)
            summary = await sync(desk, [down, public.url], ["common==1.0"])
            failed = pins(summary)["common==1.0"]
            assert (failed["reason"], failed["file"], public.requests) == ("network", None, [])
            assert down in failed["message"]
            status = await desk.run("status", *desk.place)
            assert down in status.said.replace("\n", "")


async def sync(desk: Desk, urls: list[object], wanted: list[str], form: str = "") -> dict[str, Any]:
    """Run ``codehost sync`` as a code host of its own for each form; returns its summary."""
    name = "host" + form.replace("/", "-").replace("+", "")
    pattern = {"repositoryPathPattern": f"{name}/{{project}}/{{version}}"}
    desk.configure(urls, wanted, **pattern)
    ended = await desk.sync("--name", name)
    assert ended.stdout, ended.said
    return ended.summary
