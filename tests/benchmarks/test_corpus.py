import tarfile
from pathlib import Path

import pytest

from benchmarks.archives import Sort, examine, read
from benchmarks.corpus import generate


def make(folder: Path, seed: int) -> list[Path]:
    folder.mkdir()
    return generate(folder, files=3, members=120, seed=seed)


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    one, two, other = (make(tmp_path / name, seed) for name, seed in (("one", 1), ("two", 1), ("other", 2)))
    assert [path.name for path in one] == [path.name for path in two]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert one[0].read_bytes() != other[0].read_bytes()


def test_members_are_counted_and_readable(tmp_path: Path) -> None:
    sdists = [examine(path) for path in make(tmp_path / "corpus", 1)]
    assert 110 <= sum(sdist.members for sdist in sdists) <= 130
    for sdist in sdists:
        members = list(read(sdist.path))
        assert sum(len(member.data) for member in members) == sdist.size
        assert len({member.name for member in members}) == len(members)
        assert {member.sort for member in members} == {Sort.FILE, Sort.PROGRAM}


@pytest.mark.parametrize(("number", "has_pax"), [(0, True), (1, False)])
def test_every_third_sdist_has_pax_headers(tmp_path: Path, number: int, has_pax: bool) -> None:  # noqa: FBT001 - a table
    with tarfile.open(make(tmp_path / "corpus", 1)[number]) as tar:
        assert all(bool(info.pax_headers) is has_pax for info in tar)


def test_source_compresses_like_source(tmp_path: Path) -> None:
    sdist = examine(make(tmp_path / "corpus", 1)[0])
    assert 2 < sdist.size / sdist.path.stat().st_size < 8
