"""Every kind of bomb, made for small limits: what is hostile is refused by name, and what is harmless is not.

What they cost in time and memory is measured by ``python -m benchmarks.bombs``.
"""

from pathlib import Path

import pytest

from benchmarks.bombkinds import Bomb
from benchmarks.bombs import write
from benchmarks.bombtars import tar_bombs
from benchmarks.bombzips import zip_bombs
from codehost.children import ChildPool
from codehost.ingest import ingest
from codehost.model.errors import Failure
from codehost.model.members import MIB, IngestReport, IngestRequest, Limits

# Larger than what no ratio bounds, and small in all else.
LIMITS = Limits(member_bytes=MIB, unpacked_bytes=160 * MIB, members=2_000, directories=2_000, name_bytes=MIB)
BOMBS = [*tar_bombs(LIMITS), *zip_bombs(LIMITS)]


def request(bomb: Bomb, folder: Path) -> IngestRequest:
    archive = folder / bomb.filename
    write(bomb, archive)
    repository = str(folder / "git")
    return IngestRequest(
        archive=str(archive), filename=bomb.filename, sha256="0" * 64, repository=repository, tag="v1", limits=LIMITS
    )


def pytest_name(bomb: Bomb) -> str:
    return bomb.kind


@pytest.mark.parametrize("bomb", [bomb for bomb in BOMBS if bomb.refused], ids=pytest_name)
def test_a_bomb_is_refused(tmp_path: Path, bomb: Bomb) -> None:
    with pytest.raises(Failure) as caught:
        ingest(request(bomb, tmp_path))
    assert caught.value.reason in bomb.refused
    # A sentence and no page, whatever the archive holds.
    assert 10 < len(str(caught.value)) < 400


@pytest.mark.parametrize("bomb", [bomb for bomb in BOMBS if not bomb.refused], ids=pytest_name)
def test_what_is_harmless_becomes_a_repository(tmp_path: Path, bomb: Bomb) -> None:
    report = ingest(request(bomb, tmp_path))
    assert report.files > 0
    assert len(repr(report)) < MIB


async def test_a_bomb_leaves_the_pool_as_it_was(tmp_path: Path) -> None:
    harmless = next(bomb for bomb in BOMBS if bomb.kind == "zip: zips in zips")
    reports: list[IngestReport] = []
    async with ChildPool(1) as pool:
        for number, kind in enumerate(("tar.gz: zeros", "zip: half the zeros allowed", "tar: empty files")):
            bomb = next(bomb for bomb in BOMBS if bomb.kind == kind)
            for name, given in (("bomb", bomb), ("next", harmless)):
                folder = tmp_path / f"{name}-{number}"
                folder.mkdir()
                if given is harmless:
                    reports.append(await pool.ingest(request(given, folder)))
                else:
                    with pytest.raises(Failure):
                        await pool.ingest(request(given, folder))
    assert len({report.commit for report in reports}) == 1
    assert [report.files for report in reports] == [1, 1, 1]


def test_the_kinds_have_names_of_their_own() -> None:
    assert len({bomb.kind for bomb in BOMBS}) == len(BOMBS)
