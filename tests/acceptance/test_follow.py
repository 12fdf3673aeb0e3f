"""``codehost follow`` as people run it: a process beside an engine, killed and ended, before ``codehost serve``."""

import asyncio
import random
import signal
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.fleet import fleet
from tests.acceptance.program import Desk
from tests.consume.site import Site, commits, git, marks, opened, serving
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Mirror
from tests.wiring import add_sdist

PINS = ["p0==1.0", "p1==1.0"]
NAMES = ["python/p0/1.0", "python/p1/1.0"]
SEED = 7


@pytest.fixture
async def site(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path / "data", migrated_sqlite) as made, serving(made):
        yield made


async def test_the_whole_way(sqlite_url: str, tmp_path: Path, unused_tcp_port: int) -> None:
    """From a mirror to clones on another machine, with a token, below a base path, by an authority of one's own."""
    clones, url = tmp_path / "clones", f"https://127.0.0.1:{unused_tcp_port}/code"
    authority = Authority()
    authority.ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "tls.pem")
    trusted = {"SSL_CERT_FILE": authority.bundle(tmp_path)}
    async with Mirror() as mirror, fleet(sqlite_url, tmp_path) as crew:
        for pin in PINS:
            add_sdist(mirror, pin)
        crew.desk.configure([mirror.url], PINS)
        made = await crew.desk.run("tokens", "add", "engine", "--role", "reader", *crew.desk.place)
        token = made.stdout.strip()
        options = (
            "--listen",
            f"127.0.0.1:{unused_tcp_port}",
            "--base-path",
            "/code",
            "--reading",
            "token",
            "--tls-certificate",
            str(tmp_path / "tls.pem"),
        )
        server = await crew.desk.start("serve", *crew.desk.place, *options, "--config", str(crew.desk.config))
        crew.running.append(server)
        await crew.until_states(completed=2)
        engine = Desk(folder=tmp_path / "engine", environment=trusted | {"CODEHOST_TOKEN": token})
        script = 'test -z "$CODEHOST_TOKEN" || exit 1; printf "%s\\n" "$@"'
        ended = await engine.run(
            "follow", url, str(clones), "--once", "--run", f"sh -c '{script} > {tmp_path}/told' index"
        )
        assert ended.status == 0, ended.said
        assert sorted((tmp_path / "told").read_text().split()) == [str(clones / f"{name}.git") for name in NAMES]
        for name in NAMES:
            assert git(clones / f"{name}.git", "fsck", "--strict") == ""
            assert marks(clones, name)["web-url"] == f"{url}/{name}"
        original = {name: git(crew.desk.data / "repos" / f"{name}.git", "rev-parse", "HEAD") for name in NAMES}
        assert commits(clones) == original
        stranger = Desk(folder=tmp_path / "stranger", environment=trusted)
        without = await stranger.run("follow", url, str(clones), "--once")
        assert (without.status, "it asks for a token" in without.stderr) == (3, True)
        astray = Desk(folder=tmp_path / "astray", forks=True)
        misled = await astray.run("follow", url, str(clones), "--once")
        assert (misled.status, "SSL_CERT_FILE" in misled.stderr) == (3, True), misled.said
        assert token not in ended.said
        assert not [p for p in clones.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]


async def test_it_ends_when_it_is_told_to(site: Site, tmp_path: Path) -> None:
    clones = tmp_path / "clones"
    desk = Desk(folder=tmp_path / "desk", forks=True)
    await site.put("a/1")
    running = await desk.start("follow", site.url, str(clones), "--log-format", "json")
    assert await running.until((clones / "a/1.git").exists)
    second = await desk.run("follow", site.url, str(clones))
    assert (second.status, "Another codehost follow keeps" in second.stderr) == (3, True)
    running.send(signal.SIGTERM)
    ended = await running.finished()
    assert ended.status == 0, ended.said
    assert '"action": "follow_ended"' in ended.stderr
    # Who wanted it in step has not got that.
    await site.put("b/1")
    site.data.repository("b/1").rename(tmp_path / "away")
    running = await desk.start("follow", site.url, str(clones), "--once")
    await running.until_said("follow_failed")
    running.send(signal.SIGINT)
    assert (await running.finished()).status == 130


async def test_kills_at_random_moments(site: Site, tmp_path: Path) -> None:
    """Ten times kill -9, while repositories come, change and go: then it is in step, and no number was given twice."""
    chance = random.Random(SEED)
    clones = tmp_path / "clones"
    desk = Desk(folder=tmp_path / "desk", forks=True)
    known: dict[str, int] = {}
    kills = 0
    while kills < 10:
        running = await desk.start("follow", site.url, str(clones), "--run", f"sh -c 'echo $@ >> {tmp_path}/told' x")
        ends = asyncio.get_running_loop().time() + chance.uniform(0.1, 0.8)
        while asyncio.get_running_loop().time() < ends:
            await change(site, chance)
            await asyncio.sleep(chance.uniform(0, 0.1))
        assert running.process.returncode is None, running.errors.read_text()
        running.send(signal.SIGKILL)
        await running.finished()
        kills += 1
        known = compared(known, numbers(clones))
    ended = await desk.run("follow", site.url, str(clones), "--once")
    assert ended.status == 0, ended.said
    compared(known, numbers(clones))
    assert commits(clones) == site.commits
    assert site.commits
    for name in site.commits:
        assert git(clones / f"{name}.git", "fsck", "--strict") == ""
        assert marks(clones, name)["repoid"] == str(numbers(clones)[name])
    assert not (clones / ".codehost-follow" / "staging").exists()


async def change(site: Site, chance: random.Random) -> None:
    name = f"python/p{chance.randrange(12)}/1.0"
    if name in site.commits and chance.random() < 0.4:
        await site.remove(name)
    elif name in site.commits and chance.random() < 0.3:
        await site.mark(name)
    else:
        await site.put(name)


def numbers(clones: Path) -> dict[str, int]:
    connection = sqlite3.connect(clones / ".codehost-follow" / "state.db")
    try:
        return dict(connection.execute("SELECT name, number FROM repositories"))
    except sqlite3.OperationalError:
        return {}  # it was killed before there was anything
    finally:
        connection.close()


def compared(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """The numbers as they are now: who had one has it still, and nobody has another's."""
    assert after.items() >= before.items()
    assert len(set(after.values())) == len(after)
    return after
