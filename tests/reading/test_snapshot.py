"""What is read is what real git reads; what is damaged is said to be."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codehost.model.datadir import DataDirectory
from codehost.reading.snapshot import DamagedError, Directory, EntryKind, File, Snapshot, open_snapshot
from tests.serve.git.serving import client_environment
from tests.serve.pages.site import NAME, link, make_repository, member

MEMBERS = [
    member(b"setup.py", b"print()\n", executable=True),
    member(b"src/six.py", b"x = 1\n" * 1000),
    member(b"src/\xff\xfe", b"odd"),
    member(b"zeta", b""),
    link(b"alias", b"src/six.py"),
]


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    data = DataDirectory(tmp_path)
    make_repository(data, NAME, MEMBERS)
    found = open_snapshot(data, NAME)
    assert found is not None
    return found


def _git(tmp_path: Path, *arguments: str) -> bytes:
    repository = DataDirectory(tmp_path).repository(NAME)
    command = ["git", "-c", f"safe.directory={repository}", "--git-dir", str(repository), *arguments]
    return subprocess.run(command, env=client_environment(tmp_path), capture_output=True, check=True).stdout


def test_directories_come_first(snapshot: Snapshot) -> None:
    directory = snapshot.look(())
    assert isinstance(directory, Directory)
    assert [(entry.name, entry.kind) for entry in directory.entries] == [
        (b"src", EntryKind.DIRECTORY),
        (b"alias", EntryKind.LINK),
        (b"setup.py", EntryKind.EXECUTABLE),
        (b"zeta", EntryKind.FILE),
    ]


def test_git_reads_the_same(snapshot: Snapshot, tmp_path: Path) -> None:
    listed = _git(tmp_path, "ls-tree", "-r", "-z", "HEAD").split(b"\0")[:-1]
    assert len(listed) == len(MEMBERS)
    for line in listed:
        facts, _, path = line.partition(b"\t")
        file = snapshot.look(tuple(path.split(b"/")))
        assert isinstance(file, File)
        assert file.sha == facts.split()[2].decode()
        assert file.content == _git(tmp_path, "cat-file", "blob", file.sha)
    facts_of = snapshot.facts()
    told = _git(tmp_path, "log", "-1", "--format=%H%n%T%n%an <%ae>%n%at%n%ct").decode().split("\n")
    assert told[:5] == [
        facts_of.sha,
        facts_of.tree,
        facts_of.author.identity.decode(),
        str(facts_of.author.at),
        str(facts_of.committer.at),
    ]


@pytest.mark.parametrize(
    "path", [(b"no",), (b"src", b"no"), (b"setup.py", b"x"), (b"alias", b"x"), (b"",), (b"src/six.py",)]
)
def test_nothing_is_there(snapshot: Snapshot, path: tuple[bytes, ...]) -> None:
    assert snapshot.look(path) is None


def test_revisions(snapshot: Snapshot) -> None:
    assert all(map(snapshot.has, ("HEAD", "latest", "v1.0", snapshot.commit)))
    assert not any(map(snapshot.has, ("v1", "1.0", "0" * 40, "refs/heads/latest", "", "--all", snapshot.commit[:12])))


def test_no_repository(tmp_path: Path) -> None:
    assert open_snapshot(DataDirectory(tmp_path), NAME) is None


def _look_everywhere(snapshot: Snapshot) -> None:
    for path in ((b"src", b"six.py"), (b"setup.py",), (b"zeta",), (b"src", b"\xff\xfe")):
        snapshot.look(path)


def test_damage(snapshot: Snapshot, tmp_path: Path) -> None:
    pack = snapshot.whole.pack
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[12:200] = bytes(188)
    pack.write_bytes(content)
    with pytest.raises(DamagedError, match=NAME):
        _look_everywhere(snapshot)
    pack.unlink()
    with pytest.raises(DamagedError):
        snapshot.look(())
    with pytest.raises(DamagedError):
        open_snapshot(DataDirectory(tmp_path), NAME)


def _everything(data: DataDirectory) -> None:
    snapshot = open_snapshot(data, NAME)
    assert snapshot is not None
    snapshot.facts()
    for path in ((), (b"src",)):
        directory = snapshot.look(path)
        assert isinstance(directory, Directory)
        snapshot.sizes(directory.entries)
    _look_everywhere(snapshot)


def _damaged(content: bytes) -> Iterator[bytes]:
    """The content cut off, and with a bit turned over, here and there."""
    yield from (content[:at] for at in range(0, len(content), 97))
    for at in range(0, len(content), 29):
        for bit in (0x01, 0x80):
            yield content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]


@pytest.mark.parametrize("ending", [".pack", ".idx"])
def test_damage_anywhere_is_damage_and_no_defect(snapshot: Snapshot, tmp_path: Path, ending: str) -> None:
    file, found = snapshot.whole.pack.with_suffix(ending), 0
    file.chmod(0o644)
    for content in _damaged(file.read_bytes()):
        file.write_bytes(content)
        try:
            _everything(DataDirectory(tmp_path))
        except DamagedError:
            found += 1
    assert found
