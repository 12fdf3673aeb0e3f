import pytest

from benchmarks.clone import main


def test_every_way_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--clones", "2", "--at-once", "2", "--files", "2", "--rounds", "1"]) == 0
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    ways = {tuple(row[:3]) for row in rows}
    assert ways == {(s, v, c) for s in ("codehost", "git http-backend") for v in "20" for c in ("git", "requests")}
    assert all(float(row[4]) > 0 for row in rows)
