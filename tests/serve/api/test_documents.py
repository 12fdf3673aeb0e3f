import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import func, select

from codehost.app.administering import Consulting
from codehost.app.keys import KeyPlace, Keyring
from codehost.config.reach import Reach
from codehost.model.datadir import DataDirectory
from codehost.record.database import Database
from codehost.record.tables import code_hosts, releases
from codehost.serve.api.documents import Documents
from codehost.serve.problems import Kind, ProblemError
from tests.serve.api.administered import Administered, administered
from tests.simulator.mirror import Mirror
from tests.wiring import add_sdist

URL = "https://mirror.example.com/simple"


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as made:
        for pin in ("six==1.0", "six==2.0", "attrs==1.0"):
            add_sdist(made, pin)
        yield made


def document(url: object, *pins: str, **more: object) -> str:
    return json.dumps({"urls": [url], "dependencies": pins, **more})


async def test_a_valid_document(site: Administered) -> None:
    answer = await site.ask("POST", "/validate", {"document": document(URL, "six==1.0", "attrs==1.0")})
    verdict = {"valid": True, "pins": 2, "mirrors": 1, "mistakes": 0, "violations": []}
    assert (answer.status, answer.json) == (200, verdict)


async def test_every_mistake_is_told(site: Administered) -> None:
    text = '{\n  "urls": "x",\n  "dependencies": ["six", "a==1"]\n}'
    answer = await site.ask("POST", "/validate", {"document": text})
    assert (answer.status, answer.json["valid"], answer.json["mistakes"]) == (200, False, 2)
    places = [(one["pointer"], one["line"], one["column"]) for one in answer.json["violations"]]
    assert places == [("/urls", 2, 11), ("/dependencies/0", 3, 20)]
    assert all(one["detail"] and one["hint"] for one in answer.json["violations"])


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "[" * 100_000, '"' + "x" * 1_000_000])
async def test_whatever_a_document_holds(site: Administered, text: str) -> None:
    answer = await site.ask("POST", "/validate", {"document": text})
    assert answer.status in {200, 400, 422}


async def test_a_preview_by_the_record_asks_nobody(both: Administered) -> None:
    text = document(URL, "six==1.0", "six==2.0")
    await both.hosting.add("work", text)
    body = {"name": "new", "document": text}
    for path, sent, known in (
        ("/preview", body, False),
        ("/code-hosts/work/preview", {}, True),
        ("/code-hosts/work/preview", {"document": text}, True),
    ):
        answer = await both.ask("POST", path, sent)
        assert answer.status == 200, answer.content
        assert (answer.json["known"], answer.json["asked"], answer.json["counts"]["add"]) == (known, False, 2)
        assert (answer.json["sync"]["requests"], answer.json["requests"]["sent"]) == (3, 0)
        assert [pin["pin"] for pin in answer.json["pins"]] == ["six==1.0", "six==2.0"]
    short = await both.ask("POST", "/preview", {**body, "limit": 1})
    assert (len(short.json["pins"]), short.json["leftOut"], short.json["counts"]["add"]) == (1, 1, 2)
    async with both.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(code_hosts))).scalar_one() == 1
        assert (await connection.execute(select(func.count()).select_from(releases))).scalar_one() == 0


async def test_a_preview_may_ask_the_mirrors(site: Administered, mirror: Mirror) -> None:
    body = {"name": "new", "document": document(mirror.url, "six==1.0", "no-such==1.0"), "ask": True}
    answer = await site.ask("POST", "/preview", body)
    counts = answer.json["counts"]
    assert (answer.status, counts["found"], counts["lacking"], answer.json["well"]) == (200, 1, 1, False)
    assert answer.json["requests"]["sent"] >= 2
    assert answer.json["pins"][0]["file"] == "six-1.0.tar.gz"
    assert answer.json["pins"][1]["reason"] == "not-found"


async def test_stored_secrets_are_used_and_never_sent_elsewhere(site: Administered, mirror: Mirror) -> None:
    mirror.username, mirror.password = "ann", "hunter2"
    entry = {"url": mirror.url, "username": "ann", "password": "hunter2"}
    await site.hosting.add("work", document(entry, "six==1.0"))
    stored = (await site.hosting.show("work")).host.document
    assert "hunter2" not in stored
    for body in ({}, {"document": stored}):
        answer = await site.ask("POST", "/code-hosts/work/check", body)
        assert (answer.status, answer.json["well"], answer.json["mirrors"][0]["credentials"]) == (200, True, "accepted")
    elsewhere = await site.ask("POST", "/code-hosts/work/check", {"document": stored.replace("/simple", "/other")})
    assert elsewhere.status == 422
    # A document for nobody has no secrets behind its markers.
    assert (await site.ask("POST", "/check", {"name": "work", "document": stored})).status == 422


async def test_a_check_counts_against_the_budget_of_its_code_host(site: Administered, mirror: Mirror) -> None:
    text = document(mirror.url, "six==1.0", rateLimit={"requestsPerHour": 1_000})
    await site.hosting.add("work", text)
    answer = await site.ask("POST", "/code-hosts/work/check", {})
    sent = answer.json["requests"]["sent"]
    assert sent > 0
    assert answer.json["requests"]["left"] == 1_000 - sent
    [budget] = (await site.ask("GET", "/budget")).json["items"]
    assert (budget["codeHost"], budget["budget"]["left"]) == ("work", 1_000 - sent)


async def test_a_paused_budget_lets_nobody_ask(site: Administered, mirror: Mirror) -> None:
    body = {"name": "new", "document": document(mirror.url, "six==1.0", rateLimit={"requestsPerHour": 0})}
    assert (await site.ask("POST", "/check", body)).json["paused"]
    assert (await site.ask("POST", "/preview", {**body, "ask": True})).json["asked"] is False
    assert mirror.requests == []


async def test_whoever_waits_too_long_is_told(database: Database, tmp_path: Path) -> None:
    keyring = Keyring(KeyPlace(file=tmp_path / "key", may_make=True))
    consulting = Consulting(database, DataDirectory(tmp_path), keyring, environ={})
    documents = Documents(consulting, asking_seconds=0.0)
    with pytest.raises(ProblemError, match="no answer within 0 seconds") as refused:
        await documents._check("new", document(URL), stored=False)  # noqa: SLF001 - without a server around it
    assert (refused.value.kind, refused.value.headers) == (Kind.UNAVAILABLE, {"Retry-After": "60"})


async def test_references_are_followed_only_when_somebody_is_asked(database: Database, tmp_path: Path) -> None:
    text = document({"url": URL, "bearerToken": {"file": "/nowhere/token"}}, "six==1.0")
    body = {"name": "new", "document": text}
    reach = Reach(folders=(PurePosixPath("/nowhere"),))
    async with administered(database, tmp_path, reach=reach) as site:
        assert (await site.ask("POST", "/preview", body)).status == 200
        for path, sent in (("/check", body), ("/preview", {**body, "ask": True})):
            answer = await site.ask("POST", path, sent)
            assert (answer.status, answer.flaws) == (422, [("/urls/0/bearerToken", 1)])


async def test_who_hangs_up_ends_a_check(site: Administered) -> None:
    """A mirror that never answers: it sees its connections end, and both places are free again."""
    begun, ended = asyncio.Queue[None](), asyncio.Queue[None]()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.put_nowait(None)
        await reader.read()
        writer.close()
        ended.put_nowait(None)

    async with asyncio.timeout(30), await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        body = {"name": "new", "document": document(f"http://127.0.0.1:{port}/simple", "six==1.0")}
        asking = [asyncio.create_task(site.ask("POST", "/check", body)) for _ in range(2)]
        for _ in asking:
            await begun.get()
        assert (await site.ask("POST", "/check", body)).status == 503
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        for _ in asking:
            await ended.get()
        without = {"name": "new", "document": document(URL)}
        statuses = set()
        while 200 not in statuses:
            statuses.add((await site.ask("POST", "/preview", without)).status)
        assert statuses <= {200, 503}


async def test_consulting_is_for_admins(site: Administered) -> None:
    body = {"name": "new", "document": document(URL)}
    for path in ("/validate", "/preview", "/check", "/code-hosts/x/preview", "/code-hosts/x/check"):
        assert (await site.ask("POST", path, body, token=site.reader)).status == 403


@pytest.mark.parametrize("tried", [{"enabled": False}, {"requestsPerHour": 5_000}])
async def test_what_is_tried_spends_no_more_than_what_is_in_force(
    site: Administered, mirror: Mirror, tried: object
) -> None:
    await site.hosting.add("work", document(mirror.url, rateLimit={"requestsPerHour": 100}))
    body = {"document": document(mirror.url, "six==1.0", rateLimit=tried)}
    for path, sent in (
        ("/code-hosts/work/check", body),
        ("/code-hosts/work/preview", {**body, "ask": True}),
        ("/check", {**body, "name": "work"}),
    ):
        assert (await site.ask("POST", path, sent)).status == 200
    [budget] = (await site.ask("GET", "/budget")).json["items"]
    assert budget["budget"]["spent"] == len(mirror.requests) > 0
    paused = {"document": document(mirror.url, rateLimit={"requestsPerHour": 0})}
    assert (await site.ask("PUT", "/code-hosts/work", paused, If_Match="*")).status == 200
    assert (await site.ask("POST", "/code-hosts/work/check", body)).json["paused"]
