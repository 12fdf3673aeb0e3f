import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from codehost.consume.engines import Command, Notified, portions, words_of
from codehost.consume.keeping import KeepError
from codehost.consume.news import Item
from codehost.consume.state import Task
from tests.consume.standin import answering

TASK = Task(number=17, item=Item(name="a/1+x", commit="c" * 40, web_url="http://x/"), done=None)


@pytest.mark.parametrize(
    ("paths", "room", "expected"),
    [
        ([], 10, []),
        (["aaa", "bbb", "cc"], 8, [["aaa", "bbb"], ["cc"]]),
        (["aaa", "bbb", "cc"], 7, [["aaa"], ["bbb", "cc"]]),
        (["a" * 20, "b", "b" * 20], 8, [["a" * 20], ["b"], ["b" * 20]]),
        (["ää", "ää"], 9, [["ää"], ["ää"]]),
    ],
)
def test_portions(paths: list[str], room: int, expected: list[Sequence[str]]) -> None:
    assert list(portions(paths, room)) == expected


def test_words() -> None:
    assert words_of("index -x 'a b' \"$HOME\" ; c") == ("index", "-x", "a b", "$HOME", ";", "c")
    for text in ("", "  ", "'a"):
        with pytest.raises(ValueError, match=r"empty|quotation"):
            words_of(text)


async def test_a_command(tmp_path: Path) -> None:
    file = tmp_path / "said"
    words = ("sh", "-c", 'printf "%s\\n" "$0" "$@" >> "$FILE"', "first word")
    await Command(words=words, environment={"PATH": os.environ["PATH"], "FILE": str(file)}).tell(["/a b", "/$c"])
    assert file.read_text().splitlines() == ["first word", "/a b", "/$c"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("sh", "-c", "echo one; echo why; exit 4"), "sh ended with status 4: why"),
        (("false",), "false ended with status 1: it said nothing"),
        (("/nowhere",), "/nowhere cannot be started"),
    ],
)
async def test_a_command_that_fails(words: tuple[str, ...], part: str) -> None:
    with pytest.raises(KeepError, match=part):
        await Command(words=words, environment={"PATH": os.environ["PATH"]}).tell(["/a"])


async def test_what_is_notified() -> None:
    told: list[tuple[str, str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        told.append((request.method, request.path, json.loads(await request.text())))
        return web.json_response({"Success": True})

    async with answering(take) as url, aiohttp.ClientSession() as session:
        notified = Notified(session=session, notify=f"{url}/index", url="http://serve/base")
        await notified.put(TASK)
        # What is marked only is no news to an index.
        await notified.put(Task(number=17, item=TASK.item, done="c" * 40))
        await notified.drop(TASK)
        assert await notified.lost([TASK]) == []
        with pytest.raises(KeepError, match="name"):
            await notified.put(Task(number=1, item=Item(name="..", commit="c" * 40, web_url="http://x/"), done=None))
    assert told == [("POST", "/index", {"CloneURL": "http://serve/base/git/a/1+x.git", "RepoID": 17})]


async def test_an_engine_that_fails(unused_tcp_port: int) -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.json_response({"Success": False, "Error": "no \x1bdisk"}, status=500)

    async with answering(fail) as url, aiohttp.ClientSession() as session:
        with pytest.raises(KeepError, match=r"answered with status 500: .*no .*disk"):
            await Notified(session=session, notify=url, url="http://serve").put(TASK)
        nobody = f"http://127.0.0.1:{unused_tcp_port}/index"
        with pytest.raises(KeepError, match="refused the connection"):
            await Notified(session=session, notify=nobody, url="http://serve").put(TASK)


async def test_telling_can_be_cut_short() -> None:
    begun = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(60)
        return web.Response()

    async with answering(hang) as url, aiohttp.ClientSession() as session:
        telling = asyncio.create_task(Notified(session=session, notify=url, url="http://serve").put(TASK))
        await begun.wait()
        telling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await telling
