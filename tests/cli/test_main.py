import pytest

from tests.desk import Desk


@pytest.mark.parametrize("arguments", [["validate"], ["nothing"], ["sync", "--nothing"], ["show"], ["--nothing"]])
def test_a_command_line_that_is_not_valid(desk: Desk, arguments: list[str]) -> None:
    ran = desk.run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "Error: " in ran.err
