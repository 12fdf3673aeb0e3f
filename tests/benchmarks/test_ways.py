import io
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.archives import Distribution, examine
from benchmarks.corpus import generate
from benchmarks.gitrun import environment, tree_of
from benchmarks.ours import ingest_one
from benchmarks.ways import Floor, OneByOne, fast_import, git_sequence, gitpython

WAYS = [OneByOne("git", git_sequence), OneByOne("GitPython", gitpython), OneByOne("fast-import", fast_import)]


@pytest.fixture(autouse=True)
def _hardened(tmp_path: Path) -> Iterator[None]:
    before = dict(os.environ)
    home = tmp_path / "home"
    home.mkdir()
    os.environ.update(environment(home))
    yield
    os.environ.clear()
    os.environ.update(before)


def surprising_tar(folder: Path) -> Path:
    path = folder / "odd-1.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in [(".git", b"gitdir: elsewhere\n"), ("run.sh", b"#!/bin/sh\n"), ('"q', b"q"), ("é/a b", b"")]:
            info = tarfile.TarInfo(f"odd-1/{name}")
            info.size, info.mode = len(data), 0o755 if name == "run.sh" else 0o644
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("odd-1/link")
        link.type, link.linkname = tarfile.SYMTYPE, "run.sh"
        tar.addfile(link)
    return path


def wheel(folder: Path) -> Path:
    path = folder / "odd-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("odd/__init__.py", "")
        archive.writestr("odd/data.json", "[1, 2]\n" * 1000)
        archive.writestr("odd-1.dist-info/METADATA", "Name: odd\nVersion: 1\n")
        runnable = zipfile.ZipInfo("odd-1.data/scripts/odd")
        runnable.external_attr = 0o100755 << 16
        archive.writestr(runnable, "#!/usr/bin/python\n")
    return path


def plain_sdist(folder: Path) -> Path:
    return generate(folder, files=1, members=30)[0]


MAKERS = {"odd": surprising_tar, "wheel": wheel, "sdist": plain_sdist}


def sample(kind: str, folder: Path) -> Distribution:
    folder.mkdir()
    return examine(MAKERS[kind](folder))


@pytest.mark.parametrize("kind", ["sdist", "odd", "wheel"])
def test_every_way_makes_the_same_tree(tmp_path: Path, kind: str) -> None:
    distribution = sample(kind, tmp_path / "in")
    trees = {}
    for way in WAYS:
        scratch = tmp_path / way.name
        scratch.mkdir()
        trees[way.name] = tree_of(way.run([distribution], scratch).repositories[0])
    trees["ours"] = ingest_one(distribution, str(tmp_path / "ours.git")).tree
    assert set(trees.values()) == {trees["git"]}, trees


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2]], ids=lambda way: way.name)
def test_bare_repositories_hold_branch_and_tag(tmp_path: Path, way: OneByOne) -> None:
    repository = way.run([sample("sdist", tmp_path / "in")], tmp_path).repositories[0]
    shown = subprocess.run(["git", "-C", repository, "show-ref"], capture_output=True, check=True, text=True).stdout
    assert [line.split()[1] for line in shown.splitlines()] == ["refs/heads/latest", "refs/tags/v1.0.0"]


@pytest.mark.parametrize("kind", ["sdist", "wheel"])
def test_floor_runs_on_what_was_loaded_only(tmp_path: Path, kind: str) -> None:
    distribution = sample(kind, tmp_path / "in")
    floor = Floor()
    with pytest.raises(KeyError):
        floor.run([distribution], tmp_path)
    floor.load([distribution])
    assert floor.run([distribution], tmp_path).repositories == ()
