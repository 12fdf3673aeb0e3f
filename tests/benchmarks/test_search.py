import pytest

from benchmarks.search import main


def test_the_way_to_a_hit_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--releases", "3", "--rounds", "1"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| 3")]
    (stages, searches) = ([cell.strip() for cell in line.strip("|").split("|")][1:] for line in lines)
    assert sorted(map(float, stages)) == [float(stage) for stage in stages]
    assert len(searches) == 2
