import io
import tarfile
import zipfile

import pytest

from tests.simulator.distfiles import make_egg, make_sdist, make_wheel


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz", ".tar.xz", ".txz"])
def test_tars(suffix: str) -> None:
    data = make_sdist("six", "1.0", {"a/b.py": b"x"}, suffix=suffix, links={"l": "six.py"}, modes={"a/b.py": 0o755})
    assert data == make_sdist(
        "six", "1.0", {"a/b.py": b"x"}, suffix=suffix, links={"l": "six.py"}, modes={"a/b.py": 0o755}
    )
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["six-1.0/PKG-INFO", "six-1.0/six.py", "six-1.0/a/b.py", "six-1.0/l"]
        assert archive.getmember("six-1.0/a/b.py").mode == 0o755
        assert archive.getmember("six-1.0/l").linkname == "six.py"


def test_zips() -> None:
    for data in (
        make_sdist("six", "1.0", suffix=".zip", links={"l": "six.py"}),
        make_wheel("six", "1.0"),
        make_egg("six", "1"),
    ):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
    assert make_wheel("six", "1.0") == make_wheel("six", "1.0")
    with zipfile.ZipFile(io.BytesIO(make_wheel("six", "1.0"))) as archive:
        record = archive.read("six-1.0.dist-info/RECORD").decode().splitlines()
    assert sorted(row.split(",")[0] for row in record) == sorted(archive.namelist())
