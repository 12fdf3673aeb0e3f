import pytest

from benchmarks import nginx
from benchmarks.clone import BEHIND_CGI, BEHIND_NGINX, OURS, main


def test_every_way_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--clones", "2", "--at-once", "2", "--files", "2", "--rounds", "1"]) == 0
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]]
    ways = {tuple(row[:3]) for row in rows}
    servers = {OURS, BEHIND_CGI} | ({BEHIND_NGINX} if nginx.is_installed() else set())
    assert ways == {(s, v, c) for s in servers for v in "20" for c in ("git", "requests")}
    assert all(float(row[4]) > 0 for row in rows)
    assert {row[5] for row in rows if row[0] == OURS} == {"1.00"}
