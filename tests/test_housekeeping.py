import os
import subprocess
import sys
from pathlib import Path

import pytest

from codehost.housekeeping import (
    DirectoryTakenError,
    clear_dead,
    clear_own,
    clear_remains,
    locked,
    published,
    remains_of_all,
    remains_of_own,
    revoke,
    shared,
    try_room,
    try_writing,
    withdraw_all,
)
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from tests.acceptance.test_disk import mounted, remount
from tests.wiring import data_directory, remains

HOLD = """
import sys
from pathlib import Path
from codehost.housekeeping import locked
from codehost.model.datadir import DataDirectory

with locked(DataDirectory(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_data_directory_is_made_and_held_alone(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "new" / "data")
    with locked(data):
        assert all(folder.is_dir() for folder in (data.repositories, data.spool, data.staging))
        assert remains(data) == []
    with locked(data):
        pass


def test_another_process_holds_it(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match=f"Another codehost works on the data directory {tmp_path}"), locked(data):
            pass
        # A process that is killed holds nothing.
        other.kill()
        other.wait()
        with locked(data):
            pass


def test_workers_have_it_together_and_nobody_alone_beside_them(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "new")
    one, other = data.owned_by("one"), data.owned_by("two")
    with shared(one), shared(other):
        assert {path.name for path in data.staging.iterdir()} == {path.name for path in data.spool.iterdir()}
        assert remains_of_all(one) == {"one", "two"}
        with (
            pytest.raises(
                DirectoryTakenError,
                match=r"A codehost worker works on .* stop it \(codehost worker, or codehost serve\) first",
            ),
            locked(data),
        ):
            pass
    assert remains(data) == []
    with locked(data), pytest.raises(DirectoryTakenError, match="Another codehost works on"), shared(one):
        pass
    with locked(data), pytest.raises(DirectoryTakenError, match="Another codehost works on"), locked(data):
        pass
    with shared(one):
        pass


def test_the_dead_leave_nothing_and_the_living_keep_theirs(tmp_path: Path) -> None:
    data = data_directory(tmp_path)
    for owner in ("dead:1", "alive:2"):
        (data.owned_by(owner).staging / "1-1" / "git").mkdir(parents=True)
        data.owned_by(owner).spool.mkdir()
    (data.spool / "7-1.part").touch()
    found = remains_of_all(data.owned_by("alive:2"))
    (data.owned_by("born later").staging / "2-1").mkdir(parents=True)
    assert clear_dead(data, found, ["alive:2"]) == {"dead%3A1", "7-1.part"}
    assert remains_of_all(data) == {"alive%3A2", "born%20later"}
    assert (data.owned_by("alive:2").staging / "1-1" / "git").is_dir()
    assert clear_dead(data, found, ["alive:2"])  # already gone


def test_what_earlier_leases_have_staged_is_taken_away(tmp_path: Path) -> None:
    data = data_directory(tmp_path)
    for owner, name in (("a", "7-1"), ("a", "71-1"), ("b", "7-2"), ("b", "7-4"), ("c", "7-3"), ("c", "withdrawn-x")):
        (data.owned_by(owner).staging / name / "git").mkdir(parents=True)
    (data.staging / "a file").touch()
    mine = data.owned_by("c")
    revoke(mine, 7, 1, mine.staging / "7-1")
    revoke(mine, 7, 3, mine.staging / "7-3")
    assert sorted(path.name for path in data.staging.glob("*/*")) == ["7-3", "7-4", "71-1", "withdrawn-x"]
    assert sorted(path.name for path in (mine.staging / "7-3").iterdir()) == ["git", "revoked-1", "revoked-2"]


@pytest.mark.parametrize("taken", ["repos", "spool", "staging", "lock/inside"])
def test_something_in_the_way(tmp_path: Path, taken: str) -> None:
    path = tmp_path / taken
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(OSError, match=r"exists|[Dd]irectory"), locked(DataDirectory(tmp_path)):
        pass


def test_remains_are_cleared_and_links_not_followed(tmp_path: Path) -> None:
    data = data_directory(tmp_path)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (data.spool / "1-1").touch()
    (data.staging / "1-1" / "git").mkdir(parents=True)
    (data.staging / "link").symlink_to(precious)
    (data.spool / "dangling").symlink_to(tmp_path / "nowhere")
    clear_remains(data)
    assert remains(data) == []
    assert (precious / "file").exists()


def test_published_and_withdrawn(tmp_path: Path) -> None:
    data = data_directory(tmp_path)
    assert list(published(data)) == []
    for name in ("b", "python/six/1.0", "python/six/1.0.1", "python/six.git/2.0", "python/attrs/2.0"):
        data.repository(name).mkdir(parents=True)
    (data.repositories / "python" / "notes.git").touch()
    (data.repositories / "link.git").symlink_to(tmp_path)
    # Nothing is looked for inside of a repository.
    assert sorted(published(data)) == [
        "b",
        "link",
        "python/attrs/2.0",
        "python/six",
        "python/six/1.0",
        "python/six/1.0.1",
    ]
    (data.repository("python/six/1.0") / "objects").mkdir()
    withdraw_all(data, ["python/six/1.0", "python/attrs/2.0", "never/was", "link"])
    assert sorted(published(data)) == ["b", "python/six", "python/six/1.0.1"]
    assert not (data.repositories / "python" / "attrs").exists()
    assert remains(data) == []


def test_what_no_job_in_hand_has_left_goes(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path, owner="me:1")
    for folder in (data.spool, data.staging):
        folder.mkdir(parents=True)
    (data.spool / "1-1.part").touch()
    (data.spool / "2-1.part").touch()
    (data.staging / "1-1").mkdir()
    (data.staging / "3-1" / "git").mkdir(parents=True)
    found = remains_of_own(data)
    (data.staging / "4-1").mkdir()
    assert clear_own(data, found, ["1-1"]) == {"2-1.part", "3-1"}
    assert sorted(path.name for folder in (data.spool, data.staging) for path in folder.iterdir()) == [
        "1-1",
        "1-1.part",
        "4-1",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system of a given size")
def test_an_empty_file_does_not_prove_room(tmp_path: Path) -> None:
    with mounted(tmp_path / "data", "512k"):
        data = DataDirectory(tmp_path / "data", owner="me:1")
        try_writing(data)
        with pytest.raises(OSError, match="No space left"):
            try_room(data)
        remount(data.root, "size=8m")
        try_room(data)
