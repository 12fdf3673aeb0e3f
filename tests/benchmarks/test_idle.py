import pytest

from benchmarks.idle import main


def test_an_idle_worker_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    # A machine with much else to do may begin late; that is no failure of the benchmark.
    assert main(["--hosts", "2", "--seconds", "1", "--rounds", "1", "--database", "sqlite"]) in {0, 1}
    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[2].strip("|").split("|")]
    assert cells[:2] == ["sqlite", "2"]
    assert all(float(cell) >= 0 for cell in cells[2:])
