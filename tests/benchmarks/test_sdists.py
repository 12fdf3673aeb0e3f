from pathlib import Path

from benchmarks.archives import examine
from benchmarks.sdists import SMALL_MEMBERS, large, small

MB = 10**6


def test_small_ones_are_dealt_to_projects(tmp_path: Path) -> None:
    offered = small(tmp_path, releases=5, projects=2)
    assert [release.filename for release in offered] == [
        "sample0000-1.0.0.tar.gz",
        "sample0000-1.1.0.tar.gz",
        "sample0000-1.2.0.tar.gz",
        "sample0001-1.0.0.tar.gz",
        "sample0001-1.1.0.tar.gz",
    ]
    assert {examine(tmp_path / release.filename).members for release in offered} == {SMALL_MEMBERS}


def test_large_ones_are_about_as_large_as_asked_for(tmp_path: Path) -> None:
    (release,) = large(tmp_path, count=1, size=40 * MB)
    assert 36 * MB < examine(tmp_path / release.filename).size < 44 * MB
