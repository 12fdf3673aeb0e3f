from codehost.model.ports import FoundRoot
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.mirrors import MirrorRoots

URL = "https://mirror.example.com/pypi"
FOUND = FoundRoot(root=f"{URL}/simple", witness=f"{URL}/simple/six/")
MOVED = FoundRoot(root=f"{URL}/+simple", witness=f"{URL}/+simple/")


async def test_the_newest_root_is_remembered(database: Database) -> None:
    roots = MirrorRoots(database, await CodeHosts(database).save("work", "{}"))
    assert await roots.recall(URL) is None
    for found in (FOUND, MOVED):
        await roots.remember(URL, found)
        assert await roots.recall(URL) == found
    assert await roots.recall("https://other.example.com") is None


async def test_code_hosts_remember_for_themselves(database: Database) -> None:
    hosts = CodeHosts(database)
    one, other = [MirrorRoots(database, await hosts.save(name, "{}")) for name in ("one", "other")]
    await one.remember(URL, FOUND)
    assert await other.recall(URL) is None


async def test_no_secret_is_stored(database: Database) -> None:
    roots = MirrorRoots(database, await CodeHosts(database).save("work", "{}"))
    await roots.remember("https://ann:canary@h", FoundRoot(root="https://ann:canary@h/s", witness="https://h/s/six/"))
    assert await roots.recall("https://h") == FoundRoot(root="https://h/s", witness="https://h/s/six/")


async def test_a_code_host_takes_them_along(database: Database) -> None:
    hosts = CodeHosts(database)
    code_host_id = await hosts.save("work", "{}")
    roots = MirrorRoots(database, code_host_id)
    await roots.remember(URL, FOUND)
    await hosts.forget_if_unused(code_host_id)
    assert await roots.recall(URL) is None
