"""Databases for tests: a fresh one for each test, on SQLite and on a PostgreSQL server that the tests start."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn
from uuid import uuid4

import pytest
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from codehost.record.database import Database, open_database

USER = "codehost"
_START_SECONDS = 30
# What is started once for many tests is started once, and not in each of the processes that run tests.
_TOGETHER = (
    "tests/integration",
    "tests/browser",
    "tests/serve/git",
    "tests/serve/pages/test_problems.py",
    "tests/acceptance/test_power.py",
    "tests/acceptance/test_daemon_kill.py",
    "tests/search/scan/test_expected.py",
    "tests/search/scan/test_found.py",
    "tests/test_project.py",
)


@dataclass(slots=True, kw_only=True)
class Server:
    """A PostgreSQL server that trusts every local connection, in a folder of its own."""

    programs: Path
    folder: Path
    account: str | None
    port: int
    _process: "subprocess.Popen[bytes] | None" = None

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def run(self, program: str, *arguments: str) -> None:
        place = ("--host=127.0.0.1", f"--port={self.port}", f"--username={USER}")
        subprocess.run([self.programs / program, *place, *arguments], check=True, capture_output=True, timeout=60)

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            # What the planner knows is a matter of each test, and not of the moment.
            "autovacuum": "off",
            "max_connections": 100,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options]
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stderr=output, cwd=self.folder, user=self.account, group=self.account
            )
        _wait_until_ready(self, self._process, log)

    def stop(self, *, at_once: bool = False) -> None:
        """End it in order, or as a crash does (``pg_ctl stop -m immediate``)."""
        if self._process is not None:
            # PostgreSQL's manual, section 19.5: SIGINT ends open sessions and shuts down in order; SIGQUIT does not.
            self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._process.wait()
            self._process = None


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes are no names for tests: what is compressed differs each time, and all processes name a test alike."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """Tests go to processes one by one, but for those that share what is started for them."""

    def _split_scope(self, nodeid: str) -> str:
        place = PurePosixPath(nodeid.partition("::")[0])
        return next((group for group in _TOGETHER if place.is_relative_to(group)), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Together(config, log)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person who runs the tests has set for the product changes none of them."""
    for name in (
        "CODEHOST_DATABASE_URL",
        "CODEHOST_DATA_DIR",
        "CODEHOST_KEY",
        "CODEHOST_KEY_FILE",
        "FORCE_COLOR",
        "COLUMNS",
        "LINES",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    """A command that ran within a test has set up logs for its own ends."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    with cluster() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database to copy: migrating one takes several times as long."""
    postgresql.run("createdb", "migrated")
    asyncio.run(_migrate(postgresql.url("migrated"), tmp_path_factory.mktemp("migrated")))
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy, as above."""
    file = tmp_path_factory.mktemp("migrated") / "migrated.db"
    asyncio.run(_migrate(f"sqlite:///{file}", file.parent))
    return file


async def _migrate(url: str, folder: Path) -> None:
    async with open_database(url, folder, migrate=True):
        pass


@pytest.fixture
def postgresql_url(postgresql: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    template = request.getfixturevalue("migrated_postgresql") if _is_opened(request) else "template1"
    postgresql.run("createdb", f"--template={template}", name)
    yield postgresql.url(name)
    postgresql.run("dropdb", "--force", name)


@pytest.fixture
def sqlite_url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if _is_opened(request):
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "test.db")
    return f"sqlite:///{tmp_path}/test.db"


def _is_opened(request: pytest.FixtureRequest) -> bool:
    """Whether the test has its database opened, which would migrate an empty one."""
    return "database" in request.fixturenames


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database; an empty one, unless the test asks for ``database`` too."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh database, opened."""
    async with open_database(database_url, tmp_path) as opened:
        yield opened


def _missing(what: str) -> NoReturn:
    if "postgresql" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
        pytest.fail(f"PostgreSQL is required but missing: {what}")
    pytest.skip(f"PostgreSQL is missing: {what}")


def _programs() -> Path | None:
    newest_first = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    if newest_first:
        return newest_first[0].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def cluster() -> Iterator[Server]:
    """A server of one's own, for as long as the block lasts."""
    programs = _programs()
    if programs is None:
        _missing("no initdb in /usr/lib/postgresql or PATH")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="codehost-postgresql-"))
    try:
        if account:
            shutil.chown(folder, account, account)
        options = ("--auth=trust", f"--username={USER}", "--no-locale", "--encoding=UTF8", "--no-sync")
        command = [str(programs / "initdb"), f"--pgdata={folder / 'data'}", *options]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, user=account, group=account)
        server = Server(programs=programs, folder=folder, account=account, port=_free_port())
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _wait_until_ready(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.run("pg_isready")
        except subprocess.CalledProcessError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL does not start:\n{log.read_text()}")


def _account() -> str | None:
    """Whom to run the server as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        _missing("the tests run as root, and there is no user postgres to run the server as")
    return "postgres"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
