import subprocess
import sys

import pytest

from tests.desk import Desk


@pytest.mark.parametrize("arguments", [["validate"], ["nothing"], ["sync", "--nothing"], ["show"], ["--nothing"]])
def test_a_command_line_that_is_not_valid(desk: Desk, arguments: list[str]) -> None:
    ran = desk.run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "Error: " in ran.err


def test_a_command_that_is_not_run_is_not_imported() -> None:
    asked = "from codehost.cli.main import main; main(['validate', '--help']); import sys; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    modules = set(ended.stdout.split())
    assert "codehost.cli.syncing" in modules
    assert not {"codehost.cli.worker", "codehost.cli.hosts", "codehost.app.daemon.running"} & modules
