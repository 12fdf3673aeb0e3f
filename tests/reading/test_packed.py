"""Objects read straight from a pack are those that dulwich reads."""

import hashlib
import struct
from pathlib import Path

import pytest
from dulwich.object_format import SHA1
from dulwich.objects import RawObjectID
from dulwich.pack import Pack

from codehost.model.datadir import DataDirectory
from codehost.reading.packed import PackedObjects, entry_head
from codehost.reading.snapshot import DamagedError, Snapshot, Stored, open_snapshot
from tests.serve.pages.site import NAME, link, make_repository, member

MEMBERS = [
    member(b"a-b/x", b""),
    member(b"a/z", b"print()\n", executable=True),
    member(b"a/b/c.py", b"x = 1\n" * 100_000),
    member(b"a.py", bytes(range(256)) * 300),
    link(b"alias", b"a/z"),
]
CONTENTS = {one.path.removeprefix(b"top/"): one.target or one.content or b"" for one in MEMBERS}


def _blob(content: bytes) -> bytes:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).digest()


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    data = DataDirectory(tmp_path)
    make_repository(data, NAME, MEMBERS)
    found = open_snapshot(data, NAME)
    assert found is not None
    return found


def test_every_object(snapshot: Snapshot) -> None:
    path = snapshot.whole.pack
    pack = Pack(str(path.with_suffix("")), object_format=SHA1)
    try:
        with PackedObjects.opened(path) as objects:
            names = [bytes.fromhex(sha.decode()) for sha in pack]
            assert len(names) > len(MEMBERS)
            for name in names:
                kind, content = pack.get_raw(RawObjectID(name))
                assert objects.read(name, kind) == content
                assert objects.size(name) == len(content)
                with pytest.raises(ValueError, match=name.hex()):
                    objects.read(name, kind + 1)
            with pytest.raises(KeyError):
                objects.read(bytes(20), 3)
    finally:
        pack.close()


def test_documents_in_the_order_of_their_paths(snapshot: Snapshot) -> None:
    found = list(snapshot.documents(lambda _: True, 1 << 20))
    assert found == [Stored(path=path, blob=_blob(CONTENTS[path]), content=CONTENTS[path]) for path in sorted(CONTENTS)]


def test_only_what_is_wanted_and_not_too_large(snapshot: Snapshot) -> None:
    found = {one.path: one.content for one in snapshot.documents(lambda path: b"b" in path, 10)}
    assert found == {b"a-b/x": b"", b"a/b/c.py": None}
    assert [one.content for one in snapshot.documents(lambda path: path == b"a/z", 8)] == [b"print()\n"]
    assert [one.content for one in snapshot.documents(lambda path: path == b"a/z", 7)] == [None]


@pytest.mark.parametrize("where", ["pack", "idx"])
@pytest.mark.parametrize("how", ["empty", "cut", "zeros", "missing"])
def test_damage_is_said(snapshot: Snapshot, where: str, how: str) -> None:
    path = snapshot.whole.pack.with_suffix(f".{where}")
    content = path.read_bytes()
    path.unlink()
    if how != "missing":
        broken = {"empty": b"", "cut": content[: len(content) // 2], "zeros": bytes(len(content))}
        path.write_bytes(broken[how])
    with pytest.raises(DamagedError, match=NAME):
        list(snapshot.documents(lambda _: True, 1 << 20))


def test_one_wrong_bit(snapshot: Snapshot) -> None:
    path = snapshot.whole.pack
    content = bytearray(path.read_bytes())
    path.unlink()
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        list(snapshot.documents(lambda _: True, 1 << 20))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x30", (3, 0, 1)),
        (b"\x3f\xff", (3, 15, 1)),
        (b"\xb5\x01\x78", (3, 21, 2)),
        (b"\xaf\xff\x7f", (2, 15 | 127 << 4 | 127 << 11, 3)),
    ],
)
def test_heads(head: bytes, expected: tuple[int, int, int]) -> None:
    found = entry_head(head)
    assert (found.kind, found.size, found.length) == expected


def test_offsets_beyond_two_gibibytes(tmp_path: Path) -> None:
    offset = (2 << 30) + 100
    body = b"\x31\x78\x01\x01\x01\x00\xfe\xff!\x00\x22\x00\x22"
    pack = tmp_path / "far.pack"
    with pack.open("wb") as file:
        file.seek(offset)
        file.write(body + bytes(20))
    name = b"n" * 20
    index = b"\xfftOc\x00\x00\x00\x02" + struct.pack(">256I", *[0] * 255, 1) + name + bytes(4)
    pack.with_suffix(".idx").write_bytes(index + struct.pack(">IQ", 1 << 31, offset) + bytes(40))
    with PackedObjects.opened(pack) as objects:
        assert objects.read(name, 3) == b"!"
