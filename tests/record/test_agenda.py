import asyncio
from pathlib import Path

import pytest

from codehost.plan.planner import plan
from codehost.record import agenda as module
from codehost.record.agenda import Agenda
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.releases import Releases


async def test_what_is_to_be_planned(database: Database) -> None:
    hosts, agenda = CodeHosts(database), Agenda(database)
    made = await hosts.create("b", "{}", source="hosts", priority=2, secrets=())
    await hosts.create("a", "{ }", source="hosts", priority=1, secrets=())
    assert [(entry.name, entry.is_to_be_planned) for entry in await agenda.read()] == [("a", True), ("b", True)]
    await Releases(database).follow_plan(made.code_host_id, plan((), ()), made.document_sha256)
    (entry,) = await agenda.read(made.code_host_id)
    assert (entry.name, entry.is_to_be_planned) == ("b", False)
    await hosts.request_sync("b")
    (entry,) = await agenda.read(made.code_host_id)
    assert entry.is_to_be_planned


@pytest.mark.parametrize("other", [1, 2])
async def test_one_worker_plans_a_code_host_at_a_time(postgresql_url: str, tmp_path: Path, other: int) -> None:
    async with open_database(postgresql_url, tmp_path, migrate=True) as database:
        agenda = Agenda(database)
        async with agenda.turn(1) as first, agenda.turn(other) as second:
            assert (first, second) == (True, other != 1)
        async with agenda.turn(1) as again:
            assert again


async def test_a_turn_outlasts_what_the_server_takes_for_dead(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BEAT_SECONDS", 0.1)
    monkeypatch.setattr("codehost.record.database._GONE", {"idle_in_transaction_session_timeout": "500ms"})
    async with open_database(postgresql_url, tmp_path, migrate=True) as database, Agenda(database).turn(1) as mine:
        assert mine
        await asyncio.sleep(1.5)
        async with Agenda(database).turn(1) as other:
            assert not other
