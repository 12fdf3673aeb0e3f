from benchmarks.profiles import Import, parse_imports, summary

PRINTED = """\
import time: self [us] | cumulative | imported package
import time:       100 |        100 |     yarl._url
import time:       200 |        300 |   yarl
0 to sync
import time:      5000 |       5300 | aiohttp
"""


def test_parse_imports() -> None:
    assert parse_imports(PRINTED) == [
        Import(name="yarl._url", own=100, cumulative=100, depth=2),
        Import(name="yarl", own=200, cumulative=300, depth=1),
        Import(name="aiohttp", own=5000, cumulative=5300, depth=0),
    ]


def test_summary_puts_the_dearest_package_first() -> None:
    assert summary(parse_imports(PRINTED)).splitlines() == [
        "3 modules, 0.005 s (slowed by the clock itself)",
        "     5.0 ms     1 modules  aiohttp",
        "     0.3 ms     2 modules  yarl",
    ]
