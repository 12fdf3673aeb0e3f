"""From a pinned release to the line that was looked for: a real sync, a search on the terminal, one over HTTP."""

import json
import signal
from pathlib import Path
from urllib.parse import urldefrag

from aiohttp import ClientSession

from tests.acceptance.program import Desk
from tests.simulator.distfiles import make_sdist
from tests.simulator.mirror import Mirror

FILES = {"src/retry.py": b"import time\n\n\ndef wait_for_needle():\n    time.sleep(1)\n"}
QUERY = "wait_for_\\w+\\( lang:python"


async def synced(desk: Desk, mirror: Mirror, *pins: str) -> None:
    desk.configure([mirror.url], pins)
    ended = await desk.sync("--prune")
    assert ended.status == 0, ended.said


async def searched(desk: Desk, *options: str) -> tuple[int, list[str]]:
    ended = await desk.run("search", QUERY, *desk.place, *options)
    return ended.status, ended.stdout.splitlines()


async def test_what_is_synced_is_found_and_shown(tmp_path: Path, unused_tcp_port: int) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror, ClientSession() as session:
        for pin in ("tenacious-1.0", "tenacious-2.0", "other-1.0"):
            project, _, version = pin.partition("-")
            mirror.add(f"{pin}.tar.gz", make_sdist(project, version, FILES if project == "tenacious" else {}))
        await synced(desk, mirror, "tenacious==1.0", "other==1.0")
        line = "src/retry.py:4:def wait_for_needle():"
        assert await searched(desk) == (0, [f"python/tenacious/1.0:{line}"])

        root = f"http://127.0.0.1:{unused_tcp_port}"
        listen = ("--listen", root.removeprefix("http://"), "--no-worker")
        server = await desk.start("serve", *desk.place, *listen)
        assert await server.until_said("serve_started"), server.errors.read_text()
        async with session.get(f"{root}/api/v1/search", params={"q": QUERY}) as answer:
            (repository,) = (await answer.json())["repositories"]
        (file,) = repository["files"]
        (found,) = file["lines"]
        assert (repository["name"], file["path"], found["number"]) == ("python/tenacious/1.0", "src/retry.py", 4)
        span = found["spans"][0]
        assert found["text"][span["start"] : span["end"]] == "wait_for_needle("
        page, anchor = urldefrag(found["url"])
        async with session.get(page) as answer:
            shown = await answer.text()
        assert (answer.status, anchor) == (200, "L4")
        assert 'id="L4"' in shown
        assert "wait_for_needle" in shown

        # A release more, and one less: the search follows.
        await synced(desk, mirror, "tenacious==1.0", "tenacious==2.0", "other==1.0")
        assert await searched(desk) == (0, [f"python/tenacious/2.0:{line}"])
        assert (await searched(desk, "--all-versions"))[1] == [
            f"python/tenacious/2.0:{line}",
            f"python/tenacious/1.0:{line}",
        ]
        await synced(desk, mirror, "other==1.0")
        assert await searched(desk) == (1, [])
        lines = {"Accept": "application/x-ndjson"}
        async with session.get(f"{root}/api/v1/search", params={"q": QUERY}, headers=lines) as answer:
            (last,) = [json.loads(one) async for one in answer.content]
        assert last["statistics"]["inScope"] == 1
        server.send(signal.SIGTERM)
        ended = await server.finished()
        assert ended.status == 0, ended.said
    assert await server.gone() >= 0
