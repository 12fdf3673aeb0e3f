"""Who keeps the documents of code hosts while a daemon follows them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loopback import Loopback
from benchmarks.sdists import Offered
from codehost.app.hosting import Hosting
from codehost.app.keys import KeyPlace, Keyring
from codehost.model.jobs import JobState
from codehost.record.database import open_database
from codehost.record.hosts import CodeHosts
from codehost.record.reports import Reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Keeps the documents, as somebody with the commands does."""

    folder: Path
    url: str | None
    mirror: Loopback

    async def pin(self, number: int, releases: Sequence[Offered]) -> None:
        """Make the code host of that number want these releases."""
        document = {
            "urls": [self.mirror.url],
            "dependencies": [f"{release.project}=={release.version}" for release in releases],
            "repositoryPathPattern": f"host-{number}/{{project}}/{{version}}",
            "rateLimit": {"enabled": False},
        }
        name = f"host-{number}"
        async with open_database(self.url, self.folder / "data", migrate=True) as database:
            hosting = Hosting(database, Keyring(KeyPlace(file=self.folder / "key")))
            if await CodeHosts(database).find(name) is None:
                await hosting.add(name, json.dumps(document), source="hosts")
            else:
                await hosting.edit(name, json.dumps(document))

    async def completed(self) -> int:
        """How many releases are synced."""
        async with open_database(self.url, self.folder / "data") as database:
            hosts = await CodeHosts(database).all()
            counts = [await Reports(database).counts(host.code_host_id) for host in hosts]
            return sum(count[JobState.COMPLETED] for count in counts)
