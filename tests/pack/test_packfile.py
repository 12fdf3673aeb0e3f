import hashlib
import os
import zlib
from pathlib import Path

import pygit2
import pytest
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.objects import RawObjectID
from dulwich.pack import Pack, load_pack_index_file

from codehost.pack.objects import ObjectType, object_name
from codehost.pack.packfile import PackWriter, encode_index, entry_header


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, "30"),
        (1, "31"),
        (15, "3f"),
        (16, "b001"),
        (17, "b101"),
        (2047, "bf7f"),
        (2048, "b08001"),
        ((1 << 18) - 1, "bfff7f"),
        (1 << 18, "b0808001"),
        (1 << 25, "b080808001"),
        (1 << 32, "b08080808001"),
        ((1 << 32) + 5, "b58080808001"),
    ],
)
def test_entry_headers_at_the_borders_of_their_length(size: int, header: str) -> None:
    assert entry_header(ObjectType.BLOB, size).hex() == header


def test_entry_headers_name_the_type() -> None:
    assert [entry_header(kind, 3).hex() for kind in ObjectType] == ["13", "23", "33"]


BODIES = [b"", b"x", b"x" * 15, b"x" * 16, b"y" * 2047, b"y" * 2048, os.urandom(5000), bytes(3 << 20)]


def write(folder: Path, bodies: list[bytes], *, deflated: bool) -> Path:
    (folder / "pack").mkdir()
    path = folder / "pack" / "incoming"
    with path.open("w+b") as file:
        pack = PackWriter(file)
        for body in bodies * 2:
            raw = zlib.compressobj(6, zlib.DEFLATED, -15)
            pack.add(ObjectType.BLOB, body, raw.compress(body) + raw.flush() if deflated else None)
        checksum, size = pack.finish()
    written = path.read_bytes()
    assert size == len(written)
    assert checksum == hashlib.sha1(written[:-20]).digest()
    stem = path.with_name(f"pack-{checksum.hex()}")
    path.rename(stem.with_suffix(".pack"))
    stem.with_suffix(".idx").write_bytes(pack.index(checksum))
    return stem


@pytest.mark.parametrize("deflated", [False, True])
def test_other_readers_find_every_object_once(tmp_path: Path, deflated: bool) -> None:  # noqa: FBT001 - a table
    stem = write(tmp_path, BODIES, deflated=deflated)
    names = {object_name(ObjectType.BLOB, body): body for body in BODIES}
    with Pack(str(stem), object_format=DEFAULT_OBJECT_FORMAT) as pack:
        pack.check()
        assert len(pack) == len(names)
        assert {name.hex().encode(): body for name, body in names.items()} == {
            name: pack[name].as_raw_string() for name in pack
        }
    pool = pygit2.Odb()
    pool.add_backend(pygit2.OdbBackendPack(str(tmp_path)), 1)
    for name, body in names.items():
        assert pool.read(pygit2.Oid(raw=name))[1] == body


def test_an_empty_pack(tmp_path: Path) -> None:
    stem = write(tmp_path, [], deflated=False)
    with Pack(str(stem), object_format=DEFAULT_OBJECT_FORMAT) as pack:
        pack.check()
        assert len(pack) == 0


def test_an_index_of_offsets_beyond_31_bits(tmp_path: Path) -> None:
    offsets = [12, (1 << 31) - 1, 1 << 31, (1 << 32) + 7, 99, 1 << 40]
    entries = sorted((hashlib.sha1(b"%d" % at).digest(), at & 0xFFFFFFFF, at) for at in offsets)
    path = tmp_path / "pack-x.idx"
    path.write_bytes(encode_index(entries, bytes(range(20))))
    with path.open("rb") as file:
        index = load_pack_index_file(str(path), file, DEFAULT_OBJECT_FORMAT)
        index.check()
        assert [(name, crc, offset) for name, offset, crc in index.iterentries()] == entries
        assert [index.object_offset(RawObjectID(name)) for name, _, _ in entries] == [
            offset for _, _, offset in entries
        ]
        assert index.get_pack_checksum() == bytes(range(20))
        index.close()
