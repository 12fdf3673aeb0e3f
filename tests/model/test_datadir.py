from pathlib import Path

from codehost.model.datadir import DataDirectory


def test_everything_lies_below_the_root(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    places = [data.repositories, data.spool, data.staging, data.lock]
    assert [path.relative_to(data.root).as_posix() for path in places] == ["repos", "spool", "staging", "lock"]
    assert data.repository("python/six/1.0") == data.repositories / "python" / "six" / "1.0.git"
    assert not data.root.exists()
