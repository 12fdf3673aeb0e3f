"""A password in ``urls`` goes to its mirror and nowhere else."""

import asyncio
import signal
import socket
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

from tests.acceptance.program import Desk, Finished, Running
from tests.acceptance.six import FILE, PIN, serve_six
from tests.simulator.distfiles import make_sdist, make_wheel, sdist_name, wheel_name
from tests.simulator.mirror import Fault, Mirror

USER = "canary-user"
PASSWORD = "Kanari/€-7f3a9"
PAIR = f"{USER}:{PASSWORD}".encode()
FORMS = (PASSWORD.encode(), quote(PASSWORD, safe="").encode(), b64encode(PAIR), b"7f3a9")


EXPECTED = {
    "nopage==1.0": "bad-page",
    "nofile==1.0": "file-not-found",
    "leaves==1.0": "not-found",
    "server==1.0": "server-error",
    "cut==1.0": "network",
    "changed==1.0": "hash-mismatch",
    "offsite==1.0": "file-not-found",
    "slow==1.0": "not-found",
}


def with_password(url: str) -> str:
    return url.replace("://", f"://{USER}:{quote(PASSWORD, safe='')}@", 1)


def found_in(content: bytes) -> list[bytes]:
    return [form for form in FORMS if form in content]


def files_with_secret(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and found_in(path.read_bytes())]


def arguments_and_environment(run: Running) -> bytes:
    processes = run.processes()
    assert len(processes) > 1
    places = [Path(f"/proc/{pid}/{name}") for pid in processes for name in ("cmdline", "environ")]
    return b"".join(place.read_bytes() for place in places if place.exists())


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def break_some(mirror: Mirror, elsewhere: Mirror) -> list[str]:
    """Let releases fail in many ways; returns the pins."""
    serve_six(mirror)
    for project in ("nopage", "nofile", "leaves", "server", "cut", "changed"):
        mirror.add(sdist_name(project, "1.0"), make_sdist(project, "1.0"))
    mirror.add(wheel_name("offsite", "1.0"), make_wheel("offsite", "1.0"), url=elsewhere.file_url("offsite.whl"))
    mirror.fault(mirror.page_path("nopage"), Fault(body=b"\x00<", content_type="image/png"))
    mirror.fault(mirror.file_path(sdist_name("nofile", "1.0")), Fault(status=404))
    mirror.fault(mirror.page_path("leaves"), Fault(redirect=with_password(f"{elsewhere.url}/leaves/")))
    mirror.fault(mirror.page_path("server"), Fault(status=500))
    mirror.fault(mirror.file_path(sdist_name("cut", "1.0")), Fault(send_only=7))
    mirror.fault(mirror.file_path(sdist_name("changed", "1.0")), Fault(body=b"something else"))
    return [PIN, *(f"{name}==1.0" for name in ("nopage", "nofile", "leaves", "server", "cut", "changed", "offsite"))]


def reasons(ended: Finished) -> dict[str, str]:
    return {pin["pin"]: pin["reason"] for pin in ended.summary["pins"] if pin["state"] != "completed"}


async def test_a_password_stays_secret_whatever_fails(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path / "desk", forks=True)
    runs: list[Finished] = []
    async with Mirror(username=USER, password=PASSWORD) as mirror, Mirror() as elsewhere:
        pins = break_some(mirror, elsewhere)
        desk.configure([with_password(mirror.url)], [*pins, "slow==1.0"])
        mirror.add_project("slow")
        mirror.fault(mirror.page_path("slow"), Fault(delay=60, times=1))

        # Killed, so that the database's log is still there.
        # A process from its start on, and not a fork: its arguments and its environment are looked at.
        run = await desk.start_sync(wrapper=("env",))
        assert await run.until_said(f"[{len(pins)}/")
        seen = arguments_and_environment(run)
        run.send(signal.SIGKILL)
        runs.append(await run.finished())
        assert (desk.data / "codehost.db-wal").stat().st_size > 0
        assert files_with_secret(desk.data) == []
        assert found_in(seen) == []

        runs.append(await desk.sync())
        # All but the good one, and the slow one, whose page is empty.
        assert reasons(runs[-1]) == EXPECTED

        mirror.password = "another one"
        pattern = {"repositoryPathPattern": "other/{project}/{version}"}
        desk.configure([with_password(mirror.url)], [PIN], **pattern)
        runs.append(await desk.sync("--name", "other"))
        assert reasons(runs[-1]) == {PIN: "auth"}
        desk.configure([with_password(f"http://127.0.0.1:{closed_port()}/simple")], [PIN], **pattern)
        runs.append(await desk.sync("--name", "other"))
        assert reasons(runs[-1]) == {PIN: "network"}

        looks = [("status",), *(("show", f"python/{name}/1.0") for name in ("six", "cut", "leaves")), ("verify",)]
        runs += await asyncio.gather(*(desk.run(*look, *desk.place) for look in looks))
        with_mistakes = [with_password("ftp://mirror.invalid/simple"), with_password("http://mirror.invalid/a?b=7f3a9")]
        desk.configure(with_mistakes, ["six"])
        runs.append(await desk.sync())
        assert runs[-1].status == 2

    assert {seen.headers["authorization"] for seen in mirror.requests} == {f"Basic {b64encode(PAIR).decode()}"}
    assert elsewhere.requests
    assert [seen for seen in elsewhere.requests if "authorization" in seen.headers] == []
    assert [ended.said for ended in runs if found_in(ended.said.encode())] == []
    assert "Traceback" not in "".join(ended.said for ended in runs)
    assert files_with_secret(desk.data) == []
    # The search itself works: the configuration holds it.
    assert files_with_secret(desk.folder) == [str(desk.config)]
    assert FILE in "".join(mirror.paths())
