"""Following the real server's feed: what a consumer's folder holds after whatever happens there."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from codehost.app.consuming import follow_until
from codehost.consume.server import HinderedError, Token
from codehost.serve.access.gate import Reading
from tests.consume.site import Site, commits, git, in_step, marks, opened, serving, settings
from tests.consume.standin import answering
from tests.consume.test_processes import is_alive
from tests.patience import eventually
from tests.serve.git.serving import client_environment

NAMES = ["python/a/1", "python/b/1", "python/b/2!1.0+x"]


@asynccontextmanager
async def following(url: str, folder: Path, **more: Any) -> AsyncIterator["asyncio.Task[bool | None]"]:
    """Somebody who follows while the context lasts, and is told to end then."""
    stop = asyncio.Event()
    task = asyncio.create_task(follow_until(stop, settings(url, folder, once=False, **more)))
    try:
        yield task
    finally:
        stop.set()
        assert await asyncio.wait_for(task, 20) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clones"


async def test_in_step_with_whatever_happens(site: Site, folder: Path) -> None:
    await site.put(*NAMES)
    assert await in_step(site.url, folder) is True
    assert commits(folder) == site.commits
    numbers = {name: marks(folder, name)["repoid"] for name in NAMES}
    assert sorted(numbers.values()) == ["1", "2", "3"]
    assert marks(folder, NAMES[0])["web-url"] == f"{site.url}/python/a/1"
    before = (folder / "python/b/1.git").stat().st_ino
    await site.put(NAMES[0], "python/c/1")
    await site.mark("python/b/1")
    await site.remove("python/b/2!1.0+x")
    assert await in_step(site.url, folder) is True
    assert commits(folder) == site.commits
    assert (folder / "python/b/1.git").stat().st_ino == before
    await site.put("python/b/2!1.0+x")
    await site.remove("python/c/1")
    assert await in_step(site.url, folder) is True
    assert commits(folder) == site.commits
    assert not (folder / "python/c").exists()
    assert {name: marks(folder, name)["repoid"] for name in NAMES} == numbers
    for name in NAMES:
        assert git(folder / f"{name}.git", "fsck", "--strict") == ""


async def test_news_are_waited_for(site: Site, folder: Path) -> None:
    async with following(site.url, folder):
        for names in (NAMES[:1], NAMES[1:]):
            await site.put(*names)
            await eventually(lambda: commits(folder) == site.commits)
        await site.remove(NAMES[0])
        await eventually(lambda: commits(folder) == site.commits)


async def test_a_base_path_and_a_token(site: Site, folder: Path, tmp_path: Path) -> None:
    await site.put(*NAMES)
    async with serving(site, base="/code/host", reading=Reading.TOKEN):
        with pytest.raises(HinderedError, match="status 401"):
            await in_step(site.url, folder)
        token = await site.token("reader")
        assert await in_step(site.url, folder, token=Token(given=token)) is True
        await site.put(NAMES[0])
        (tmp_path / "token").write_text(token)
        assert await in_step(site.url, folder, token=Token(file=tmp_path / "token")) is True
    assert commits(folder) == site.commits


async def test_one_code_host_only(site: Site, folder: Path) -> None:
    await site.put(*NAMES)
    assert await in_step(site.url, folder) is True
    # What is of another code host goes; nobody is called so.
    assert await in_step(site.url, folder, code_host="nobody") is True
    assert commits(folder) == {}
    assert await in_step(site.url, folder) is True
    assert commits(folder) == site.commits


async def test_a_database_that_was_restored(site: Site, folder: Path) -> None:
    await site.put(*NAMES)
    assert await in_step(site.url, folder) is True
    numbers = {name: marks(folder, name)["repoid"] for name in NAMES}
    await site.restore(2)
    del site.commits[NAMES[2]]
    await site.put("python/new/1")
    with capture_logs() as logs:
        assert await in_step(site.url, folder) is True
    assert [one["log_level"] for one in logs if one["action"] == "feed_restarted"] == ["warning"]
    assert commits(folder) == site.commits
    assert {name: marks(folder, name)["repoid"] for name in site.commits} == {
        NAMES[0]: numbers[NAMES[0]],
        NAMES[1]: numbers[NAMES[1]],
        "python/new/1": "4",
    }


async def test_another_server(site: Site, folder: Path, tmp_path: Path, migrated_sqlite: Path) -> None:
    await site.put(*NAMES)
    assert await in_step(site.url, folder) is True
    async with opened(tmp_path / "other", migrated_sqlite) as other, serving(other):
        await other.put("x/1")
        assert await in_step(other.url, folder) is True
        assert commits(folder) == other.commits


async def test_what_other_hands_took_is_made_again(site: Site, folder: Path) -> None:
    await site.put(*NAMES)
    assert await in_step(site.url, folder) is True
    shutil.rmtree(folder / "python/a")
    assert await in_step(site.url, folder) is True
    assert commits(folder) == site.commits


async def test_a_repository_that_cannot_be_had_stops_no_other(site: Site, folder: Path) -> None:
    await site.put(*NAMES)
    shutil.move(site.data.repository(NAMES[1]), site.data.root / "kept")
    with capture_logs() as logs:
        assert await in_step(site.url, folder) is False
    told = [one for one in logs if one["action"] == "follow_failed"]
    assert [(one["repository"], one["seconds"]) for one in told] == [(NAMES[1], 1), (NAMES[1], 2), (NAMES[1], 4)]
    assert "not found" in told[0]["error"]
    assert commits(folder).keys() == set(NAMES) - {NAMES[1]}
    async with following(site.url, folder):
        shutil.move(site.data.root / "kept", site.data.repository(NAMES[1]))
        await eventually(lambda: commits(folder) == site.commits)


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


HOSTILE = ["../out", "/abs/out", "a/../../out", ".codehost-follow/state.db", "--upload-pack=x", "a\0b", "a\nb", ""]


async def test_a_server_that_lies(site: Site, folder: Path, tmp_path: Path) -> None:
    """Nothing leaves the folder, whatever a repository is called, and nothing is taken from elsewhere."""
    await site.put("good/1")
    outside = tmp_path / "out.git"
    outside.mkdir()

    async def lie(request: web.Request) -> web.StreamResponse:
        if request.path != "/api/v1/changes":
            raise web.HTTPTemporaryRedirect(f"{site.url}{request.path_qs}")
        kinds = [(kind, name) for name in HOSTILE for kind in ("created", "removed")]
        kinds += [("created", name) for name in [*HOSTILE, "good/1"]]
        items = [
            {
                "kind": kind,
                "name": name,
                "commit": site.commits["good/1"],
                "cloneUrl": f"ext::touch {tmp_path}/ext",
                "webUrl": "http://x/",
            }
            for kind, name in kinds
        ]
        after = request.query["after"]
        return web.json_response({"items": [] if after else items, "cursor": "1", "more": False})

    before = entries(tmp_path)
    async with answering(lie) as url:
        assert await in_step(url, folder) is False
    assert entries(tmp_path) == sorted([*before, folder.name])
    assert entries(folder) == [".codehost-follow"]


async def test_a_server_that_goes_away(site: Site, folder: Path, tmp_path: Path, migrated_sqlite: Path) -> None:
    async with opened(tmp_path / "other", migrated_sqlite) as other:
        async with serving(other):
            await other.put("a/1")
            port = int(other.url.rpartition(":")[2])
        with capture_logs() as logs:
            async with following(other.url, folder):
                await eventually(lambda: [one for one in logs if one["action"] == "follow_hindered"])
                # It is tried more often than it is told of.
                await asyncio.sleep(2)
                async with serving(other, port=port):
                    await eventually(lambda: commits(folder) == other.commits)
    actions = [one["action"] for one in logs]
    assert actions.count("follow_hindered") == 1
    assert actions.index("follow_hindered") < actions.index("follow_goes_on") < actions.index("clone_made")


async def test_a_server_that_is_busy_says_when_to_come_back(folder: Path) -> None:
    clock = asyncio.get_running_loop().time
    asked: list[float] = []

    async def busy(_: web.Request) -> web.Response:
        asked.append(clock())
        if len(asked) == 1:
            return web.Response(status=503, headers={"Retry-After": "2"})
        return web.json_response({"items": [], "cursor": "1", "more": False})

    async with answering(busy) as url:
        assert await in_step(url, folder) is True
    assert asked[1] - asked[0] >= 2


async def test_a_server_that_does_not_go_on(folder: Path) -> None:
    async def stuck(_: web.Request) -> web.Response:
        return web.json_response({"items": [], "cursor": "", "more": True})

    async with answering(stuck) as url:
        with capture_logs() as logs:
            async with following(url, folder):
                await eventually(lambda: [one for one in logs if one["action"] == "follow_hindered"])
    assert "does not go on" in str(logs)


async def test_a_server_that_does_not_wait(folder: Path) -> None:
    asked: list[str] = []

    async def hasty(request: web.Request) -> web.Response:
        asked.append(request.query["wait"])
        return web.json_response({"items": [], "cursor": "1", "more": False})

    async with answering(hasty) as url, following(url, folder):
        await eventually(lambda: len(asked) > 1)
        await asyncio.sleep(0.5)
    assert asked == ["0.000", "50.000"]


SCRIPT = """
import json, os, sys
if os.path.exists(sys.argv[1] + ".fails"):
    print("first")
    sys.exit("no room")
with open(sys.argv[1], "a") as file:
    print(json.dumps(sys.argv[2:]), file=file)
"""


def runs(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


async def test_a_command_for_what_has_changed(site: Site, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = (sys.executable, "-c", SCRIPT, str(log), "-index", "x y")
    await site.put(*NAMES)
    assert await in_step(site.url, folder, command=command) is True
    assert runs(log) == [["-index", "x y", *(str(folder / f"{name}.git") for name in NAMES)]]
    await site.mark(NAMES[0])
    await site.remove(NAMES[1])
    assert await in_step(site.url, folder, command=command) is True
    assert len(runs(log)) == 1
    # While it fails nothing is lost, whoever is killed meanwhile.
    (tmp_path / "log.fails").touch()
    await site.put(NAMES[2])
    with capture_logs() as logs:
        assert await in_step(site.url, folder, command=command) is False
    failures = [one for one in logs if one["action"] == "command_failed"]
    assert [one["seconds"] for one in failures] == [1, 2, 4]
    assert failures[0]["error"].endswith("ended with status 1: no room")
    (tmp_path / "log.fails").unlink()
    assert await in_step(site.url, folder, command=command) is True
    assert runs(log)[1:] == [["-index", "x y", str(folder / f"{NAMES[2]}.git")]]


async def test_a_command_that_failed_for_what_has_gone(site: Site, folder: Path) -> None:
    """There is nothing left to run it for, and nothing that is to be done at once."""
    await site.put(NAMES[0])
    with capture_logs() as logs:
        async with following(site.url, folder, command=("false",)):
            await eventually(lambda: [one for one in logs if one["action"] == "command_failed"])
            await site.remove(NAMES[0])
            await eventually(lambda: [one for one in logs if one["action"] == "clone_removed"])
            # Until the command would be due.
            await asyncio.sleep(1.5)
    assert len([one for one in logs if one["action"] == "request" and one["path"] == "/api/v1/changes"]) < 8


async def test_who_ends_ends_the_command(site: Site, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    command = ("sh", "-c", f"echo $$ > {file}; exec sleep 60")
    await site.put(NAMES[0])
    async with following(site.url, folder, command=command):
        await eventually(lambda: file.exists() and file.read_text().endswith("\n"))
    assert not is_alive(int(file.read_text()))


def indexer(folder: Path, told: list[dict[str, Any]], fails: Callable[[], bool]) -> Callable[[web.Request], Any]:
    """As zoekt-dynamic-indexserver answers: it clones with git what it is told, and answers when it has."""

    async def index(request: web.Request) -> web.Response:
        asked = json.loads(await request.text())
        assert (request.method, request.path, asked.keys()) == ("POST", "/index", {"CloneURL", "RepoID"})
        told.append(asked)
        if fails():
            return web.json_response({"Success": False, "Error": "busy"}, status=500)
        clone = folder / f"{asked['RepoID']}.git"
        shutil.rmtree(clone, ignore_errors=True)
        await asyncio.to_thread(
            subprocess.run,
            ["git", "clone", "-q", "--bare", asked["CloneURL"], str(clone)],
            env=client_environment(folder),
            check=True,
            timeout=60,
        )
        return web.json_response({"Success": True})

    return index


async def test_an_engine_that_is_notified(site: Site, folder: Path, tmp_path: Path) -> None:
    engine, told = tmp_path / "engine", list[dict[str, Any]]()
    failing: list[bool] = [True]
    await site.put(*NAMES)
    async with answering(indexer(engine, told, lambda: bool(failing and failing.pop()))) as url:
        notify = f"{url}/index"
        # One fails, and is tried again.
        assert await in_step(site.url, folder, notify=notify) is True
        assert len(told) == 4
        assert commits(engine) == {str(number): site.commits[name] for number, name in enumerate(NAMES, 1)}
        assert entries(folder) == [".codehost-follow"]
        await site.mark(NAMES[1])
        await site.put(NAMES[0])
        await site.remove(NAMES[2])
        assert await in_step(site.url, folder, notify=notify) is True
        assert [one["RepoID"] for one in told[4:]] == [1]
        assert git(engine / "1.git", "rev-parse", "HEAD") == site.commits[NAMES[0]]


async def test_what_an_engine_has_is_noted_at_once(site: Site, folder: Path) -> None:
    """An index takes long: whoever ends while one is made does not make the others again."""
    told: list[int] = []
    third = asyncio.Event()

    async def index(request: web.Request) -> web.Response:
        told.append(json.loads(await request.text())["RepoID"])
        if len(told) == 3:
            third.set()
            await asyncio.sleep(60)
        return web.json_response({"Success": True})

    await site.put(*NAMES)
    async with answering(index) as url:
        async with following(site.url, folder, notify=f"{url}/index", jobs=1):
            await third.wait()
        assert await in_step(site.url, folder, notify=f"{url}/index", jobs=1) is True
    assert told == [1, 2, 3, 3]


async def test_who_is_told_to_end_ends_at_once(site: Site, folder: Path) -> None:
    hung = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        hung.set()
        await asyncio.sleep(60)
        return web.Response()

    async with answering(hang) as url:
        async with following(url, folder):
            await hung.wait()
        hung.clear()
        await site.put(NAMES[0])
        async with following(site.url, folder, notify=f"{url}/index"):
            await hung.wait()


async def test_a_folder_that_cannot_be_written(site: Site, folder: Path) -> None:
    await site.put(NAMES[0])
    assert await in_step(site.url, folder) is True
    (folder / ".codehost-follow" / "state.db").write_bytes(b"x" * 10_000)
    for left in (folder / ".codehost-follow").glob("state.db-*"):
        left.unlink()
    with pytest.raises(Exception, match=f"{folder} cannot be used") as caught:
        await in_step(site.url, folder)
    assert type(caught.value).__name__ == "UserError"
