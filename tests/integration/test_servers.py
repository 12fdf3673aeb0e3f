"""The servers themselves: each starts and holds what it should, before anything is said about the program."""

from tests.integration.processes import ask
from tests.integration.servers import Server


def test_a_server_has_its_projects_and_lacks_others(server: Server) -> None:
    assert ask(f"{server.root}/inhouse/") == 200
    assert ask(f"{server.root}/nowhere/") == 404


def test_a_locked_server_wants_credentials(locked_pypiserver: Server) -> None:
    assert ask(f"{locked_pypiserver.root}/inhouse/") == 401
