import asyncio
import json
from pathlib import Path, PurePosixPath

import pytest

from codehost.config.reach import Reach
from codehost.record.database import open_database
from codehost.record.tables import code_hosts
from tests.serve.api.administered import Administered, administered

SECRET = "hunter2"
TEXT = f"""{{
  // ours
  "urls": ["https://ann:{SECRET}@a.example/simple"],
  "dependencies": ["six==1.16.0"]
}}"""
SHOWN = TEXT.replace(f"ann:{SECRET}", "REDACTED")
ANY = {"If_Match": "*"}


async def add(site: Administered, name: str = "work", text: str = TEXT) -> str:
    """Add a code host; returns its entity tag."""
    answer = await site.ask("POST", "/code-hosts", {"name": name, "document": text})
    assert answer.status == 201, answer.content
    return answer.headers["ETag"]


async def test_a_code_host_is_added_and_shown(both: Administered) -> None:
    made = await both.ask("POST", "/code-hosts", {"name": "work", "document": TEXT, "priority": 7})
    assert (made.status, made.headers["Location"]) == (201, f"{both.root}/code-hosts/work")
    shown = await both.ask("GET", "/code-hosts/work")
    assert (shown.status, shown.json) == (200, made.json)
    assert (shown.json["document"], shown.json["priority"], shown.json["paused"]) == (SHOWN, 7, False)
    assert shown.headers["ETag"] == made.headers["ETag"] == f'"{shown.json["documentSha256"]}"'
    assert shown.json["releases"]["retired"] == 0
    assert (await both.hosting.usable("work")).text == TEXT
    listed = await both.ask("GET", "/code-hosts", token=both.reader)
    assert listed.json == {"items": [{key: value for key, value in shown.json.items() if key != "document"}]}


async def test_an_edit_needs_to_say_what_it_edits(both: Administered) -> None:
    tag = await add(both)
    edited = {"document": SHOWN.replace("1.16.0", "1.17.0")}
    assert (await both.ask("PUT", "/code-hosts/work", edited)).status == 428
    assert (await both.ask("PUT", "/code-hosts/work", edited, If_Match="nonsense")).status == 400
    changed = await both.ask("PUT", "/code-hosts/work", edited, If_Match=f'"other", {tag}')
    assert (changed.status, changed.json["document"]) == (200, edited["document"])
    assert changed.headers["ETag"] != tag
    # The secret that the marker stands for is still there.
    assert (await both.hosting.usable("work")).text == TEXT.replace("1.16.0", "1.17.0")
    late = await both.ask("PUT", "/code-hosts/work", {"document": SHOWN}, If_Match=tag)
    assert (late.status, late.json["type"]) == (412, "urn:codehost:problem:changed")
    assert (await both.ask("PUT", "/code-hosts/work", {"document": SHOWN}, **ANY)).status == 200


async def test_of_many_who_edit_the_same_one_is_taken(both: Administered) -> None:
    tag = await add(both)
    bodies = [{"document": SHOWN.replace("1.16.0", f"1.{number}.0")} for number in range(8)]
    answers = await asyncio.gather(*(both.ask("PUT", "/code-hosts/work", body, If_Match=tag) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7


@pytest.mark.parametrize(
    ("document", "flaws"),
    [
        ('{\n"urls": [],\n"x": 1}', [("/x", 3)]),
        ('{"urls": ["https://REDACTED@b.example"]}', [("/urls/0", 1)]),
        ("{", [("", 1)]),
        ("\ufeff\x00", [("", 1)]),
    ],
)
async def test_what_is_wrong_with_a_document(site: Administered, document: str, flaws: list[tuple[str, int]]) -> None:
    await add(site)
    for method, path, body in (
        ("POST", "/code-hosts", {"name": "new", "document": document}),
        ("PUT", "/code-hosts/work", {"document": document}),
    ):
        answer = await site.ask(method, path, body, **ANY)
        assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
        assert answer.flaws == flaws
        assert all(flaw["hint"] for flaw in answer.json["errors"])
    assert (await site.ask("GET", "/code-hosts/work")).json["document"] == SHOWN
    assert (await site.ask("GET", "/code-hosts/new")).status == 404


async def test_names_are_taken_once_and_kept_by_their_keepers(site: Administered) -> None:
    await add(site)
    again = await site.ask("POST", "/code-hosts", {"name": "work", "document": TEXT})
    assert (again.status, again.json["type"]) == (409, "urn:codehost:problem:conflict")
    file = site.data.root / "watched.jsonc"
    file.write_text(TEXT)
    await site.hosting.keep_file(file, TEXT)
    assert (await site.ask("PUT", "/code-hosts/watched", {"document": TEXT}, **ANY)).status == 409
    assert (await site.ask("DELETE", "/code-hosts/watched")).status == 409


@pytest.mark.parametrize("name", ["a/b", "é ü", "{x}", "a{b}c", "%41", "a?b#c", "..%2f", "x" * 200])
async def test_a_code_host_may_be_called_anything(both: Administered, name: str) -> None:
    made = await both.ask("POST", "/code-hosts", {"name": name, "document": TEXT})
    assert made.status == 201
    path = made.headers["Location"].removeprefix(both.root)
    assert (await both.ask("GET", path)).json["name"] == name
    assert (await both.ask("POST", f"{path}/pause")).json["paused"]


@pytest.mark.parametrize("path", ["none", "%00", "%ff", "x" * 201, "%0a", "%ed%a0%80"])
async def test_there_is_none_of_that_name(both: Administered, path: str) -> None:
    for method, action, body in (
        ("GET", "", None),
        ("PUT", "", {"document": "{}"}),
        ("PATCH", "", {"priority": 1}),
        ("DELETE", "", None),
        *(("POST", f"/{action}", None) for action in ("pause", "resume", "sync", "confirm")),
        ("POST", "/preview", {}),
        ("POST", "/check", {}),
    ):
        answer = await both.ask(method, f"/code-hosts/{path}{action}", body, **ANY)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json"), (method, action)


@pytest.mark.parametrize("name", ["", "a\nb", "a\0", "x" * 201])
async def test_names_that_cannot_be(both: Administered, name: str) -> None:
    for path in ("/code-hosts", "/preview", "/check"):
        assert (await both.ask("POST", path, {"name": name, "document": TEXT})).status == 422


async def test_what_else_is_asked_of_a_code_host(both: Administered) -> None:
    tag = await add(both)
    assert (await both.ask("PATCH", "/code-hosts/work", {"priority": -3})).json["priority"] == -3
    assert (await both.ask("PATCH", "/code-hosts/work", {"priority": 2**31})).status == 422
    assert (await both.ask("POST", "/code-hosts/work/pause")).json["paused"]
    assert not (await both.ask("POST", "/code-hosts/work/resume")).json["paused"]
    assert (await both.ask("POST", "/code-hosts/work/sync")).json["syncRequestedAt"] is not None
    assert (await both.ask("POST", "/code-hosts/work/confirm")).status == 428
    for action in ("pause", "resume", "sync", "confirm"):
        assert (await both.ask("POST", f"/code-hosts/work/{action}", If_Match='"other"')).status == 412
    assert (await both.ask("PATCH", "/code-hosts/work", {"priority": 5}, If_Match='"other"')).status == 412
    assert not (await both.ask("GET", "/code-hosts/work")).json["removalConfirmed"]
    assert (await both.ask("POST", "/code-hosts/work/confirm", If_Match=tag)).json["removalConfirmed"]


async def test_a_code_host_is_removed(both: Administered) -> None:
    await add(both)
    assert (await both.ask("DELETE", "/code-hosts/work", If_Match='"other"')).status == 412
    gone = await both.ask("DELETE", "/code-hosts/work")
    assert (gone.status, gone.content) == (204, b"")
    assert (await both.ask("DELETE", "/code-hosts/work")).status == 404
    async with both.database.read() as connection:
        assert (await connection.execute(code_hosts.select())).all() == []


async def test_documents_are_for_admins(site: Administered) -> None:
    await add(site)
    for token, status in ((site.reader, 403), ("codehost_none", 401)):
        for method, path in (("GET", "/code-hosts/work"), ("DELETE", "/code-hosts/work"), ("POST", "/code-hosts")):
            assert (await site.ask(method, path, token=token)).status == status


async def test_of_those_who_edit_and_remove_nobody_removes_what_he_has_not_seen(both: Administered) -> None:
    tag = await add(both)
    body = {"document": SHOWN.replace("1.16.0", "2.0")}
    asked = [both.ask("DELETE", "/code-hosts/work", If_Match=tag) for _ in range(3)]
    answers = await asyncio.gather(both.ask("PUT", "/code-hosts/work", body, If_Match=tag), *asked)
    edited, removed = answers[0].status, sorted(answer.status for answer in answers[1:])
    assert (edited, removed) in [(200, [412] * 3), (404, [204, 404, 404]), (412, [204, 404, 404])]


REFERRING = (
    '{"urls": [{"url": "https://b.example/simple", "bearerToken": {"file": "/etc/shadow"}}], "dependencies": []}'
)


async def test_documents_over_http_refer_to_nothing(site: Administered) -> None:
    await add(site)
    for method, path, body in (
        ("POST", "/code-hosts", {"name": "new", "document": REFERRING}),
        ("PUT", "/code-hosts/work", {"document": REFERRING}),
        ("POST", "/preview", {"name": "new", "document": REFERRING}),
        ("POST", "/check", {"name": "new", "document": REFERRING}),
        ("POST", "/code-hosts/work/preview", {"document": REFERRING, "ask": True}),
        ("POST", "/code-hosts/work/check", {"document": REFERRING}),
    ):
        answer = await site.ask(method, path, body, **ANY)
        assert (answer.status, answer.flaws) == (422, [("/urls/0/bearerToken", 1)]), (method, path)
        assert "--allow-secret-files" in answer.json["errors"][0]["hint"]


async def test_references_that_the_operator_wrote_stay(site: Administered) -> None:
    await site.hosting.add("work", REFERRING)
    edited = {"document": REFERRING.replace("[]", '["six==1.0"]')}
    assert (await site.ask("PUT", "/code-hosts/work", edited, **ANY)).status == 200
    moved = {"document": REFERRING.replace("b.example", "c.example")}
    assert (await site.ask("PUT", "/code-hosts/work", moved, **ANY)).status == 422


async def test_the_operator_may_allow_references(tmp_path: Path) -> None:
    reach = Reach(folders=(PurePosixPath("/etc"),))
    async with open_database(None, tmp_path) as database, administered(database, tmp_path, reach=reach) as site:
        assert (await site.ask("POST", "/code-hosts", {"name": "new", "document": REFERRING})).status == 201


async def test_a_stored_secret_goes_by_no_other_proxy(site: Administered) -> None:
    entry = {"url": "https://b.example/simple", "username": "ann", "password": SECRET}
    await add(site, text=json.dumps({"urls": [entry], "dependencies": []}))
    stored = json.loads((await site.ask("GET", "/code-hosts/work")).json["document"])
    stored["proxy"] = "http://evil.example:3128"
    answer = await site.ask("PUT", "/code-hosts/work", {"document": json.dumps(stored)}, **ANY)
    assert (answer.status, answer.flaws) == (422, [("/urls/0/username", 1), ("/urls/0/password", 1)])


async def test_a_long_document_keeps_nobody_waiting(site: Administered) -> None:
    pins = [f"p{number}==1.0" for number in range(30_000)]
    document = json.dumps({"urls": ["https://a.example"], "dependencies": pins})
    adding = asyncio.create_task(site.ask("POST", "/code-hosts", {"name": "long", "document": document}))
    served = 0
    while not adding.done():
        assert (await site.ask("GET", "/code-hosts", token=site.reader)).status == 200
        served += not adding.done()
    assert (await adding).status == 201
    assert served > 1
