"""Secrets of every kind, in a code host in which everything fails: they go to their own server and nowhere else."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from codehost.cli.main import main
from tests.acceptance.canaries import Canary, arguments, environments_of_children, found, found_below, rows
from tests.acceptance.program import Desk, Finished
from tests.acceptance.six import PIN, serve_six
from tests.integration.processes import refusing
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Fault, Mirror
from tests.simulator.proxy import Proxy

IN_URL = Canary("password in a URL", odd=True)
IN_URL_USER = Canary("user in a URL")
USER = Canary("user name")
USER_IN_ENV = Canary("user name in the environment")
PASSWORD = Canary("password", odd=True)
PASSWORD_IN_ENV = Canary("password in the environment", odd=True)
PASSWORD_IN_FILE = Canary("password in a file", odd=True)
TOKEN = Canary("token")
TOKEN_IN_ENV = Canary("token in the environment")
HEADER = Canary("header")
HEADER_IN_FILE = Canary("header in a file")
PROXY_USER = Canary("proxy's user")
PROXY = Canary("proxy's password", odd=True)
PROXY_IN_URL = Canary("proxy's password in a URL", odd=True)
KEY = Canary("client key's password")
ALL = [canary for canary in list(vars().values()) if isinstance(canary, Canary)]

ENVIRONMENT = {"ONE": USER_IN_ENV.value, "TWO": PASSWORD_IN_ENV.value, "THREE": TOKEN_IN_ENV.value}
TIMES = {"connectTimeoutMs": 5000, "totalTimeoutMs": 1500}
# What the projects of the mirror that answers come to.
ANSWERS = {
    "unauthorized==1.0": "auth",
    "forbidden==1.0": "auth",
    "leaves==1.0": "not-found",
    "nopage==1.0": "bad-page",
    "slow==1.0": "network",
}


@dataclass(slots=True, kw_only=True)
class Watched:
    """A desk, the folder with its secrets, and everything that was said."""

    folder: Path
    desk: Desk
    database_url: str
    capsys: pytest.CaptureFixture[str]
    said: list[str] = field(default_factory=list)

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def file(self, canary: Canary) -> dict[str, str]:
        """A reference to a new file that holds the secret."""
        path = self.secrets / f"{canary.mark[::-1]}.secret"
        path.write_text(f"{canary.value}\n", encoding="utf-8")
        return {"file": str(path)}

    def heard(self, ended: Finished) -> dict[str, str | None]:
        """Keep what a sync said; returns the reasons by pin."""
        self.said.append(ended.said)
        return {pin["pin"]: pin["reason"] for pin in ended.summary["pins"]}

    async def sync(self, name: str, entry: Mapping[str, object], **more: object) -> dict[str, str | None]:
        """Sync a code host of one mirror with the program itself."""
        self.desk.configure([entry], [PIN], repositoryPathPattern=f"{name}/{{project}}/{{version}}", **more)
        return self.heard(await self.desk.sync("--name", name))

    async def ask(self, *arguments: str, stored: bool = True) -> int:
        """Run another command, in this process; ``stored``: on the data directory and the database."""
        place = (*self.desk.place, "--database-url", self.database_url) if stored else ()
        status = await asyncio.to_thread(main, [*arguments, *place])
        written = self.capsys.readouterr()
        self.said += [written.out, written.err]
        return status

    async def look(self, name: str) -> None:
        """Run everything that speaks of the code host that was synced last."""
        file = str(self.desk.config)
        await self.ask("validate", file, stored=False)
        await self.ask("check", file, stored=False)
        await self.ask("plan", file, "--name", name)
        await self.ask("status")
        await self.ask("show", f"{name}/six/1.0")

    async def assert_clean(self) -> None:
        """No secret is where it does not belong."""
        assert [text for text in self.said if found(ALL, text)] == []
        assert [text for text in self.said if "Traceback" in text] == []
        assert set(found_below(ALL, self.folder)) <= {str(self.desk.config), *map(str, self.secrets.iterdir())}
        assert found(ALL, await rows(self.database_url, self.folder)) == []


@pytest.fixture
def watched(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Watched:
    (tmp_path / "secrets").mkdir()
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    desk = Desk(folder=tmp_path / "desk", environment={"CODEHOST_DATABASE_URL": database_url}, forks=True)
    return Watched(folder=tmp_path, desk=desk, database_url=database_url, capsys=capsys)


def with_user(url: str, user: Canary, password: Canary) -> str:
    pair = f"{quote(user.value, safe='')}:{quote(password.value, safe='')}"
    return url.replace("://", f"://{pair}@", 1)


def break_all(mirror: Mirror, elsewhere: Mirror) -> None:
    mirror.fault(mirror.page_path("unauthorized"), Fault(status=401))
    mirror.fault(mirror.page_path("forbidden"), Fault(status=403))
    mirror.fault(mirror.page_path("leaves"), Fault(redirect=with_user(f"{elsewhere.url}/leaves/", USER, PASSWORD)))
    mirror.fault(mirror.page_path("nopage"), Fault(body=b"\x00<", content_type="image/png"))
    mirror.fault(mirror.page_path("slow"), Fault(delay=60))


def received(servers: Iterable[Mirror | Proxy]) -> str:
    """All headers that arrived."""
    return "\n".join(str(request.headers) for server in servers for request in server.requests)


async def test_secrets_at_a_mirror_that_answers_badly(watched: Watched) -> None:
    async with Mirror() as mirror, Mirror() as elsewhere:
        serve_six(mirror)
        break_all(mirror, elsewhere)
        headers = {"X-Api-Key": HEADER.value, "X-Other": watched.file(HEADER_IN_FILE), "X-Token": {"env": "THREE"}}
        entry = {"url": with_user(mirror.url, IN_URL_USER, IN_URL), "headers": headers, **TIMES}
        watched.desk.configure([entry], [PIN, *ANSWERS])
        # A process from its start on, and not a fork: its arguments are looked at.
        run = await watched.desk.start_sync(wrapper=("env",))
        # All but the slow one have ended, and a child has made a repository.
        assert await run.until_said(f"[{len(ANSWERS)}/")
        seen_arguments, seen_environments = arguments(run), environments_of_children(run)
        assert watched.heard(await run.finished()) == {PIN: None, **ANSWERS}
        for command in (("status",), ("show", "leaves==1.0"), ("verify",)):
            await watched.ask(*command)
    assert elsewhere.requests
    assert found(ALL, received([elsewhere])) == []
    # Each went where it belongs: a search that finds nothing there finds nothing anywhere.
    expected = [IN_URL_USER, IN_URL, TOKEN_IN_ENV, HEADER, HEADER_IN_FILE]
    assert set(found(ALL, received([mirror]))) == {canary.name for canary in expected}
    assert found(ALL, seen_arguments) == []
    assert found(ALL, seen_environments) == []
    await watched.assert_clean()


async def test_secrets_at_a_mirror_that_cannot_be_reached(watched: Watched) -> None:
    authority = Authority()
    client = authority.client(watched.secrets, "client", password=KEY.value)
    own = {"clientCertificate": client.certificate, "clientKey": client.key, "clientKeyPassword": KEY.value}
    with refusing() as down:
        by_file = {"url": down, "username": USER.value, "password": watched.file(PASSWORD_IN_FILE)}
        assert await watched.sync("refused", by_file) == {PIN: "network"}
        by_environment = {"url": down, "username": {"env": "ONE"}, "password": {"env": "TWO"}}
        assert await watched.sync("refused-2", by_environment) == {PIN: "network"}
        await watched.look("refused-2")
    async with Mirror(ssl_context=authority.server()) as secure:
        serve_six(secure)
        assert await watched.sync("untrusted", {"url": secure.url, "bearerToken": TOKEN.value, **own}) == {
            PIN: "network"
        }
        await watched.look("untrusted")
        assert secure.requests == []
    await watched.assert_clean()


async def test_secrets_behind_a_proxy_that_refuses(watched: Watched) -> None:
    authority = Authority()
    async with (
        Mirror(ssl_context=authority.server()) as secure,
        Proxy(username="somebody", password="else") as proxy,
    ):
        entry = {
            "url": secure.url,
            "username": USER.value,
            "password": PASSWORD.value,
            "caBundle": authority.bundle(watched.secrets),
        }
        wrong = {"url": proxy.url, "username": PROXY_USER.value, "password": PROXY.value}
        assert await watched.sync("proxied", {**entry, "proxy": wrong}) == {PIN: "auth"}
        in_url = with_user(proxy.url, PROXY_USER, PROXY_IN_URL)
        assert await watched.sync("proxied-2", entry, proxy=in_url) == {PIN: "auth"}
        await watched.look("proxied-2")
        assert set(found(ALL, received([proxy]))) == {PROXY_USER.name, PROXY.name, PROXY_IN_URL.name}
        assert secure.requests == []
    await watched.assert_clean()


async def test_secrets_beside_mistakes(watched: Watched) -> None:
    with refusing() as down:
        good = {"url": with_user(down, IN_URL_USER, IN_URL), "headers": {"X-Api-Key": HEADER.value}}
        assert await watched.sync("good", good) == {PIN: "network"}
    mistakes: dict[str, object] = {"usernam": USER.value, "password": PASSWORD.value, "bearerToken": [TOKEN.value]}
    watched.desk.configure([{**good, **mistakes}], [])
    text = watched.desk.config.read_text()
    for end in (len(text), len(text) * 2 // 3, len(text) // 2, len(text) - 3):
        watched.desk.config.write_text(text[:end])
        file = str(watched.desk.config)
        statuses = [await watched.ask("validate", file, stored=False), await watched.ask("check", file, stored=False)]
        statuses += [await watched.ask("plan", file)]
        assert set(statuses) == {2}
    assert (await watched.desk.sync()).status == 2
    await watched.assert_clean()
