"""The real servers, each started once for all tests that ask for it, and mirrors to put behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.releases import PRIVATE
from tests.integration.servers import Devpi, Server, devpi, proxpi, pypiserver, simpleindex, static_tree

SERVERS = ("static_server", "pypiserver_server", "proxpi_server", "simpleindex_server", "devpi_mirror", "devpi_stage")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the servers that want no password, in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def static_server(servers_folder: Path) -> Iterator[Server]:
    with static_tree(servers_folder / "static", PRIVATE) as server:
        yield server


@pytest.fixture(scope="session")
def pypiserver_server(servers_folder: Path) -> Iterator[Server]:
    with pypiserver(servers_folder / "pypiserver", PRIVATE) as server:
        yield server


@pytest.fixture(scope="session")
def locked_pypiserver(servers_folder: Path) -> Iterator[Server]:
    with pypiserver(servers_folder / "locked", PRIVATE, locked=True) as server:
        yield server


@pytest.fixture(scope="session")
def proxpi_server(servers_folder: Path, static_server: Server) -> Iterator[Server]:
    with proxpi(servers_folder / "proxpi", static_server.root) as server:
        yield server


@pytest.fixture(scope="session")
def simpleindex_server(servers_folder: Path) -> Iterator[Server]:
    with simpleindex(servers_folder / "simpleindex", PRIVATE) as server:
        yield server


@pytest.fixture(scope="session")
def devpi_server(servers_folder: Path, static_server: Server) -> Iterator[Devpi]:
    with devpi(servers_folder / "devpi", PRIVATE, static_server.root) as server:
        yield server


@pytest.fixture(scope="session")
def devpi_mirror(devpi_server: Devpi) -> Server:
    return devpi_server.mirror


@pytest.fixture(scope="session")
def devpi_stage(devpi_server: Devpi) -> Server:
    return devpi_server.stage
