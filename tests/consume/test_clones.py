import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from codehost.consume.clones import Clones
from codehost.consume.keeping import KeepError
from codehost.consume.news import Item
from codehost.consume.place import held
from codehost.consume.server import Token
from codehost.consume.state import Task
from codehost.serve.access.gate import Reading
from tests.consume.site import Site, commits, git, marks, serving
from tests.consume.standin import answering

NAME = "python/x/1!2.0+cu124"


@pytest.fixture
def clones(site: Site, tmp_path: Path) -> Iterator[Clones]:
    program = shutil.which("git")
    assert program is not None
    with held(tmp_path / "clones") as place:
        yield Clones(place=place, url=site.url, token=Token(), git=program, search_path=os.environ["PATH"])
        assert list(place.staging.iterdir()) == []


def task_of(site: Site, name: str, number: int = 7) -> Task:
    item = Item(name=name, commit=site.commits[name], web_url=f"https://code.example.com/{name}")
    return Task(number=number, item=item, done=None)


async def test_a_clone(site: Site, clones: Clones) -> None:
    await site.put(NAME)
    await clones.put(task_of(site, NAME))
    folder = clones.place.folder
    assert commits(folder) == {NAME: site.commits[NAME]}
    clone = clones.place.clone(NAME)
    assert marks(folder, NAME) == {
        "name": NAME,
        "repoid": "7",
        "web-url": f"https://code.example.com/{NAME}",
        "web-url-type": "github",
    }
    assert git(clone, "fsck", "--strict", "--full") == ""
    assert git(clone, "config", "remote.origin.url") == f"{site.url}/git/{NAME}.git"
    assert git(clone, "for-each-ref", "--format=%(refname)").split() == ["refs/heads/latest", "refs/tags/v1"]
    # As engines like it best: one pack, and no hooks.
    assert not (clone / "hooks").exists()
    assert {path.suffix for path in (clone / "objects").rglob("*") if path.is_file()} == {".pack", ".idx"}


async def test_what_is_there_is_left_alone(site: Site, clones: Clones) -> None:
    await site.put(NAME)
    task = task_of(site, NAME)
    await clones.put(task)
    before = clones.place.clone(NAME).stat().st_ino
    await clones.put(task)
    assert clones.place.clone(NAME).stat().st_ino == before
    # Another number, address or commit, or damage, makes it anew.
    await clones.put(replace(task, number=8))
    assert marks(clones.place.folder, NAME)["repoid"] == "8"
    await clones.put(replace(task, item=replace(task.item, web_url='https://x/"a\\b#c;d')))
    assert marks(clones.place.folder, NAME)["web-url"] == 'https://x/"a\\b#c;d'
    assert marks(clones.place.folder, NAME)["repoid"] == "7"
    (clones.place.clone(NAME) / "HEAD").write_text("nonsense")
    await clones.put(task)
    await site.put(NAME)
    await clones.put(task_of(site, NAME))
    assert commits(clones.place.folder) == site.commits


async def test_removing(site: Site, clones: Clones) -> None:
    await site.put("a/b/1", "a/2")
    for name in site.commits:
        await clones.put(task_of(site, name))
    gone = Task(number=7, item=Item(name="a/b/1", commit=None, web_url=""), done=None)
    for _ in range(2):
        await clones.drop(gone)
        assert sorted(path.name for path in clones.place.folder.iterdir()) == [".codehost-follow", "a"]
        assert [path.name for path in (clones.place.folder / "a").iterdir()] == ["2.git"]
    await clones.drop(replace(gone, item=replace(gone.item, name="a/2")))
    assert [path.name for path in clones.place.folder.iterdir()] == [".codehost-follow"]
    outside = clones.place.folder.parent / "outside.git"
    outside.mkdir()
    await clones.drop(replace(gone, item=replace(gone.item, name="../outside")))
    assert outside.exists()


async def test_what_is_lost(site: Site, clones: Clones) -> None:
    await site.put("a", "b")
    tasks = [task_of(site, name) for name in site.commits]
    for task in tasks:
        await clones.put(task)
    shutil.rmtree(clones.place.clone("b"))
    assert await clones.lost(tasks) == tasks[1:]


async def test_another_commit_than_was_told(site: Site, clones: Clones) -> None:
    await site.put("a")
    old = task_of(site, "a")
    await site.put("a")
    with pytest.raises(KeepError, match=f"the commit {site.commits['a']}, and the feed said {old.item.commit}"):
        await clones.put(old)
    assert commits(clones.place.folder) == {}


async def test_what_cannot_be_cloned(site: Site, clones: Clones) -> None:
    await site.put("a")
    task = task_of(site, "a")
    shutil.rmtree(site.data.repository("a"))
    with pytest.raises(KeepError, match=r"cannot be cloned: .*not found"):
        await clones.put(task)
    with pytest.raises(KeepError, match="no repository can have this name"):
        await clones.put(replace(task, item=replace(task.item, name="../a")))
    (clones.place.folder / "x").write_text("")
    await site.put("x/a")
    with pytest.raises(KeepError, match="cannot be written"):
        await clones.put(task_of(site, "x/a"))


async def test_a_redirect_is_not_followed(site: Site, clones: Clones) -> None:
    await site.put("a")
    reached: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        reached.append(request.headers["Authorization"])
        raise web.HTTPFound(f"{site.url}{request.path_qs}")

    async with answering(elsewhere) as url:
        there = replace(clones, url=url, token=Token(given="secret"))
        with pytest.raises(KeepError, match="cannot be cloned") as caught:
            await there.put(task_of(site, "a"))
    assert reached == ["Bearer secret"]
    assert "secret" not in str(caught.value)


async def test_a_token(site: Site, clones: Clones) -> None:
    await site.put("a")
    async with serving(site, reading=Reading.TOKEN, base="/base"):
        token = await site.token("reader")
        there = replace(clones, url=site.url)
        with pytest.raises(KeepError, match="cannot be cloned"):
            await there.put(task_of(site, "a"))
        await replace(there, token=Token(given=token)).put(task_of(site, "a"))
    assert commits(clones.place.folder) == site.commits
    written = [path.read_bytes() for path in clones.place.folder.rglob("*") if path.is_file()]
    assert not [one for one in written if token.encode() in one]
