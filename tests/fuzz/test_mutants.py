import io
import tarfile
import zipfile
from pathlib import Path
from random import Random

import pytest

from tests.fuzz import mutant, pages, tars, zips
from tests.fuzz.mutants import BLIND, Mutator
from tests.fuzz.zippieces import put_together, take_apart

SOURCE = mutant.corpus()


def test_a_number_gives_the_same_mutant_every_time() -> None:
    for number in range(40):
        assert mutant.make(1, number, SOURCE) == mutant.make(1, number, mutant.corpus())
        assert pages.make(1, number, pages.seeds()) == pages.make(1, number, pages.seeds())


def test_numbers_and_seeds_give_different_mutants() -> None:
    made = {mutant.make(seed, number, SOURCE).data for seed in (1, 2) for number in range(100)}
    assert len(made) > 180


@pytest.mark.parametrize(("name", "data"), list(zips.seeds()))
def test_zip_seeds_are_sound_and_come_together_as_they_were(name: str, data: bytes) -> None:
    archive = take_apart(data)
    assert archive is not None
    assert put_together(archive) == data
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None, name


@pytest.mark.parametrize(("name", "data"), list(tars.seeds()))
def test_tar_seeds_are_sound(name: str, data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert len(tar.getmembers()) <= len(tars.headers(data)), name


@pytest.mark.parametrize("mutator", BLIND)
def test_blind_mutators_change_something(mutator: Mutator) -> None:
    data = bytes(range(256)) * 8
    changed = [mutator(Random(seed), data) != data for seed in range(30)]
    assert sum(changed) > 25
    assert isinstance(mutator(Random(0), b""), bytes)


def test_mutated_tars_keep_their_checksums() -> None:
    # Most mutants must get past the first header, or nothing behind it is ever tried.
    good = 0
    for seed in range(100):
        changed = tars.mutate(Random(seed), next(tars.seeds())[1])
        good += len(tars.headers(changed)) >= 3
    assert good > 80


def test_a_folder_of_archives_is_mutated_too(tmp_path: Path) -> None:
    (tmp_path / "own.zip").write_bytes(next(zips.seeds())[1])
    (tmp_path / "own.tar").write_bytes(next(tars.seeds())[1])
    (tmp_path / "broken.tar.gz").write_bytes(b"no gzip")
    (tmp_path / "notes.txt").write_bytes(b"no archive")
    more = mutant.corpus(tmp_path)
    sizes = [len(kind) for kind in (more.zips, more.tars, more.others)]
    assert sizes == [len(kind) + 1 for kind in (SOURCE.zips, SOURCE.tars, SOURCE.others)]
