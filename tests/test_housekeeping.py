import subprocess
import sys
from pathlib import Path

import pytest

from codehost.housekeeping import clear_remains, locked, published, withdraw_all
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
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
