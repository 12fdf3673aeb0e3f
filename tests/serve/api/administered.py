"""The whole API behind the whole application, on a port of its own."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import ClientSession

from codehost.app.administering import admin_endpoints
from codehost.app.feeding import feeding
from codehost.app.hosting import Hosting
from codehost.app.keys import KeyPlace, Keyring
from codehost.app.searching import searching
from codehost.app.storage import Storage
from codehost.config.reach import Reach
from codehost.model.access import Role
from codehost.model.datadir import DataDirectory
from codehost.record.database import Database
from codehost.record.tokens import Tokens
from codehost.serve.access.credentials import fingerprint, new_token
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.search import Search
from codehost.serve.application import Parts, application
from codehost.serve.listening import Listening, listening
from tests.serve.api.truth import Description


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.content)

    @property
    def flaws(self) -> list[tuple[str | None, int | None]]:
        """Pointers and lines of what is wrong."""
        return [(flaw.get("pointer"), flaw.get("line")) for flaw in self.json.get("errors", ())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Administered:
    """A server that runs. ``hosting`` is what its commands would have; every answer is held against ``description``."""

    session: ClientSession
    port: int
    admin: str
    reader: str
    database: Database
    data: DataDirectory
    hosting: Hosting
    description: Description

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    async def ask(self, method: str, path: str, body: object = None, *, token: str = "", **headers: str) -> Answered:
        """As an admin, unless another token is given."""
        sent = {"Authorization": f"Bearer {token or self.admin}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            sent["Content-Type"] = "application/json"
        async with self.session.request(method, f"{self.root}{path}", headers=sent, data=content) as answer:
            content = await answer.read()
            self.description.check(method, f"/api/v1{path}", answer.status, answer.headers, content)
            return Answered(status=answer.status, headers=answer.headers.copy(), content=content)


@asynccontextmanager
async def administered(
    database: Database, folder: Path, *, reading: Reading = Reading.OPEN, reach: Reach | None = None
) -> AsyncIterator[Administered]:
    tokens, made = Tokens(database), {role: new_token() for role in Role}
    for role, token in made.items():
        await tokens.add(role.value, role, fingerprint(token))
    data = DataDirectory(folder)
    keyring = Keyring(KeyPlace(file=folder / "key", may_make=True))
    gate, traffic = Gate(tokens, reading), Traffic()

    async def drain() -> None:
        await traffic.drain(1.0)
        await gate.close()

    where = Listening(address="127.0.0.1", port=0)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        feed = await stack.enter_async_context(feeding(Storage(data=data), database, traffic.stopping))
        engine = await stack.enter_async_context(searching(Storage(data=data), database))
        parts = Parts(
            gate=gate,
            traffic=traffic,
            version="1.2.3",
            endpoints=(
                *feed.endpoints,
                *Search(engine).endpoints(),
                *admin_endpoints(database, data, keyring, reach=reach),
            ),
            hosts=HostNames(names=frozenset({"127.0.0.1"})),
        )
        door = await stack.enter_async_context(listening(application(parts), where, drain=drain, farewell=1.0))
        reading_token = {"Authorization": f"Bearer {made[Role.READER]}"}
        async with session.get(f"http://127.0.0.1:{door.port}/api/v1/openapi.json", headers=reading_token) as answer:
            described = await answer.json()
        yield Administered(
            session=session,
            port=door.port,
            admin=made[Role.ADMIN],
            reader=made[Role.READER],
            database=database,
            data=data,
            hosting=Hosting(database, keyring),
            description=Description(document=described, root="/api/v1"),
        )
