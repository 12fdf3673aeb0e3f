"""A worker's parts around a real database and a real data directory, without its loops."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from codehost.app.daemon.following import Following
from codehost.app.daemon.posts import Posts
from codehost.app.hosting import Hosting
from codehost.app.keys import KeyPlace, Keyring
from codehost.hands import Hands
from codehost.model.jobs import JobState
from codehost.model.records import RecordedCodeHost
from codehost.model.retrying import for_months
from codehost.record.agenda import Agenda, Entry
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.reports import Reports
from codehost.service import Post
from codehost.supervising import Troubles
from tests.wiring import LEASE, Watcher, data_directory

MIRROR = "https://mirror.example.com/simple"


def document(*pins: str, urls: object = (MIRROR,), **more: object) -> str:
    return json.dumps({"urls": urls, "dependencies": pins, **more})


@dataclass(slots=True, kw_only=True)
class Scene:
    """``opened``: every post that there has been."""

    database: Database
    folder: Path
    posts: Posts
    keyring: Keyring
    opened: list[Post] = field(default_factory=list)
    watcher: Watcher = field(default_factory=Watcher)

    @property
    def hosting(self) -> Hosting:
        return Hosting(self.database, self.keyring)

    def following(self, **environ: str) -> Following:
        return Following(
            database=self.database,
            data=self.posts.data,
            keyring=self.keyring,
            environ=environ,
            posts=self.posts,
            bell=asyncio.Event(),
        )

    async def add(self, text: str, name: str = "host") -> int:
        saved = await self.hosting.add(name, text)
        assert saved.host is not None, saved.violations
        return saved.host.code_host_id

    async def edit(self, text: str, name: str = "host") -> None:
        assert (await self.hosting.edit(name, text)).violations == ()

    async def host(self, name: str = "host") -> RecordedCodeHost:
        found = await CodeHosts(self.database).find(name)
        assert found is not None
        return found

    async def entry(self) -> Entry:
        [found] = await Agenda(self.database).read()
        return found

    async def states(self, code_host_id: int) -> dict[JobState, int]:
        counts = await Reports(self.database).counts(code_host_id)
        return {state: number for state, number in counts.items() if number}


@asynccontextmanager
async def scene(database: Database, folder: Path, *, owner: str = "me:1") -> AsyncIterator[Scene]:
    data = data_directory(folder).owned_by(owner)
    for place in (data.spool, data.staging):
        place.mkdir(exist_ok=True)
    watcher, opened = Watcher(), list[Post]()
    posts = Posts(database=database, data=data, watch_every=None, troubles=Troubles(), more=lambda _: watcher)

    def keep() -> None:
        opened.extend(post for post in posts.posts.values() if post not in opened)

    posts.opened = keep
    posts.hands = Hands(
        jobs=Jobs(database), owner=owner, lease_seconds=LEASE, retry=for_months, place_of=posts.posts.get
    )
    keyring = Keyring(KeyPlace(file=folder / "key", may_make=True))
    try:
        yield Scene(database=database, folder=folder, posts=posts, keyring=keyring, opened=opened, watcher=watcher)
    finally:
        await posts.hands.wind_down()
        await posts.close()
