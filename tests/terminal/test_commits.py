from pathlib import Path

from codehost.ingest import ingest
from codehost.model.members import IngestRequest, Limits
from codehost.terminal.commits import last_commit
from tests.simulator.distfiles import make_sdist


def test_author_and_date(tmp_path: Path) -> None:
    archive = tmp_path / "six-1.0.tar.gz"
    archive.write_bytes(make_sdist("six", "1.0"))
    repository = tmp_path / "six.git"
    request = IngestRequest(
        archive=str(archive),
        filename=archive.name,
        sha256="ab" * 32,
        repository=str(repository),
        tag="v1.0",
        limits=Limits(),
    )
    ingest(request)
    assert last_commit(repository) == "Ada Author <ada@example.com>, 2020-09-13 12:26:40 +0000"
    (repository / "packed-refs").write_bytes(b"")
    assert last_commit(repository) is None


def test_nothing_to_read(tmp_path: Path) -> None:
    assert last_commit(tmp_path) is None
    assert last_commit(tmp_path / "missing") is None
