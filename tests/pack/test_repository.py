import hashlib
import stat
from pathlib import Path

from codehost.pack.repository import RepositoryWriter


def test_the_layout_is_one_pack_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "r"
    writer = RepositoryWriter(root)
    with writer.pack() as file:
        file.write(b"pack")
    checksum = hashlib.sha1(b"pack").digest()
    writer.finish(checksum=checksum, index=b"index", commit="c" * 40, tag="v1.0")
    files = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    stem = f"objects/pack/pack-{checksum.hex()}"
    assert sorted(files) == ["HEAD", "config", f"{stem}.idx", f"{stem}.pack", "packed-refs"]
    assert not any(path.is_symlink() for path in root.rglob("*"))
    assert (root / "refs").is_dir()
    assert files["HEAD"].read_text() == "ref: refs/heads/latest\n"
    assert files["packed-refs"].read_text().splitlines()[1:] == [
        f"{'c' * 40} refs/heads/latest",
        f"{'c' * 40} refs/tags/v1.0",
    ]
    assert "bare = true" in files["config"].read_text()
    assert files[f"{stem}.pack"].read_bytes() == b"pack"
    assert {stat.S_IMODE(files[f"{stem}{end}"].stat().st_mode) for end in (".pack", ".idx")} == {0o444}
