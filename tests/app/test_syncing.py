import asyncio
from pathlib import Path

from codehost.app.looking import details, status
from codehost.app.storage import Storage
from codehost.app.syncing import sync
from codehost.app.verifying import verify
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.events import Synced
from codehost.model.jobs import JobState
from tests.app.helpers import request
from tests.simulator.mirror import Mirror
from tests.wiring import Watcher, add_sdist, remains


async def test_one_sync_from_end_to_end(storage: Storage) -> None:
    async with Mirror(username="user", password="canary") as mirror:
        add_sdist(mirror, "six==1.0")
        asked = request(f'{{"urls": ["{mirror.authenticated_url}"], "dependencies": ["six==1.0"]}}', with_pins=True)
        watcher = Watcher()
        result = await sync(storage, asked, watcher, concurrency=1)
        assert (result.summary.complete, result.summary.requests_sent) == (True, 2)
        assert result.as_json is not None
        assert len(watcher.of(Synced)) == 1
        plain = await sync(storage, request(asked.text), Watcher())
        assert plain.as_json is None
    (host,) = (found.record for found in (await status(storage)).hosts)
    assert (host.host.name, host.counts[JobState.COMPLETED], host.retired, host.reasons) == ("host", 1, 0, {})
    assert (await details(storage, "python/six/1.0")).state is JobState.COMPLETED
    assert (await verify(storage, lambda _: None, repair=False)).checked == 1
    assert remains(storage.data) == []
    assert all(b"canary" not in path.read_bytes() for path in storage.data.root.rglob("*") if path.is_file())


def test_nothing_secret_in_representations(tmp_path: Path) -> None:
    storage = Storage(data=DataDirectory(tmp_path), database_url="postgresql://user:canary@host/name")
    assert "canary" not in repr(storage)
    assert "canary" not in repr(request('{"urls": ["https://user:canary@mirror.example.com/simple"]}'))


async def test_no_two_at_once(storage: Storage) -> None:
    async with Mirror() as mirror:
        add_sdist(mirror, "six==1.0")
        asked = request(f'{{"urls": ["{mirror.url}"], "dependencies": ["six==1.0"]}}')
        both = (sync(storage, asked, Watcher()) for _ in range(2))
        outcomes = await asyncio.gather(*both, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    assert [str(error).split(":")[0] for error in refused] == [
        f"Another codehost works on the data directory {storage.data.root}"
    ]
