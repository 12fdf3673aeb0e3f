import pytest

from benchmarks.table import Measurement, cpu, layout, ratio, table, wall

MEASUREMENTS = [
    Measurement(way=way, round=number, seconds=seconds, cpu=used)
    for way, number, seconds, used in [
        ("slow", 0, 10.0, 12.0),
        ("slow", 1, 30.0, 30.0),
        ("slow", 2, 20.0, 18.0),
        ("ours", 0, 1.0, 2.0),
        ("ours", 1, 2.0, 3.0),
        ("ours", 2, 1.0, 3.0),
    ]
]


@pytest.mark.parametrize(
    ("figure", "sums", "middle"),
    [(wall, 60.0 / 4.0, 15.0), (cpu, 60.0 / 8.0, 6.0)],
)
def test_ratio(figure: type, sums: float, middle: float) -> None:
    found = ratio(MEASUREMENTS, "slow", "ours", figure)
    assert (found.sums, found.median) == (sums, middle)


def test_ratio_over_nothing_is_infinite() -> None:
    idle = [*MEASUREMENTS, *(Measurement(way="idle", round=n, seconds=0.0, cpu=0.0) for n in range(3))]
    assert ratio(idle, "slow", "idle", wall).sums == float("inf")


def test_layout() -> None:
    assert layout([["way", "s"], ["a longer way", "1.50"], ["b", "12.00"]]).splitlines() == [
        "| way          |     s |",
        "| ------------ | ----: |",
        "| a longer way |  1.50 |",
        "| b            | 12.00 |",
    ]


def test_table_has_a_line_for_each_way_in_order() -> None:
    lines = table(MEASUREMENTS, ways=["slow", "ours"], one="ours", two="slow", floor="ours").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][:4] == ["way", "seconds", "CPU s", "/ ours"]
    assert cells[2] == ["slow", "60.00", "60.00", "15.00", "15.00", "1.00", "1.00", "7.50", "6.00"]
    assert cells[3] == ["ours", "4.00", "8.00", "1.00", "1.00", "0.07", "0.07", "1.00", "1.00"]
