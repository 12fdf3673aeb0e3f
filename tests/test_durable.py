"""That names are durable is judged by the simulated power losses (``tests/acceptance/test_power.py``)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codehost.durable import make_directory, sync_directory, sync_up


def test_directories_are_made_with_those_above_them(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    make_directory(deep)
    make_directory(deep)
    assert deep.is_dir()


def test_many_may_make_the_same_directories_at_once(tmp_path: Path) -> None:
    """As releases of one project do, when they are published side by side."""
    threads = 8
    start = threading.Barrier(threads)

    def make(number: int) -> None:
        start.wait()
        make_directory(tmp_path / str(number) / "a" / "b")

    with ThreadPoolExecutor(threads) as pool:
        for number in range(200):
            for made in [pool.submit(make, number) for _ in range(threads)]:
                made.result()


def test_what_is_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(OSError, match=r"exists|directory"):
            make_directory(path)


def test_names_are_synced_up_to_the_top_and_no_further(tmp_path: Path) -> None:
    top, deep = tmp_path / "top", tmp_path / "top" / "a" / "b"
    deep.mkdir(parents=True)
    sync_up(deep, top)
    sync_up(top, top)
    for missing in (deep / "none", top / "none"):
        with pytest.raises(FileNotFoundError):
            sync_up(missing, top)


def test_only_a_directory_holds_names(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        sync_directory(tmp_path / "file")
