import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from benchmarks.accepted import Outcome, main
from codehost.model.members import IngestReport


def write_tar(path: Path, content: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An sdist of which a member is left out, and a wheel whose RECORD is empty."""
    write_tar(tmp_path / "a-1.tar.gz", {"a-1/x": "x\n", "a-1/.git": "gitdir: elsewhere\n"})
    with zipfile.ZipFile(tmp_path / "b-1-py3-none-any.whl", "w") as archive:
        archive.writestr("b/__init__.py", "b = 1\n" * 99, zipfile.ZIP_DEFLATED)
        archive.writestr("b-1.dist-info/RECORD", "")
    return tmp_path


def test_clean_files_are_accepted_and_what_is_odd_is_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["left out as git-directory: 1", "  a-1.tar.gz: a-1/.git (18 bytes)"]
    assert lines[2] == "remark: b-1-py3-none-any.whl: b/__init__.py is in the wheel and not in its RECORD."
    assert lines[-1].startswith("2 distribution files in ")
    assert "2 accepted, 0 refused, 0 differing; 3 files, 596 bytes; 1 left out, 1 remarks" in lines[-1]


def test_a_refusal_is_told_with_its_reason_and_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (folder / "a-1.tar.gz").read_bytes()
    (folder / "a-1.tar.gz").write_bytes(whole[: len(whole) // 2])
    assert main([str(folder)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("refused: a-1.tar.gz: unsafe-archive: ")
    assert "1 accepted, 1 refused, 0 differing" in out


def test_several_folders_are_one_run_and_other_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_tar(tmp_path / name / f"{name}-1.tgz", {f"{name}-1/x": "x\n"})
    (tmp_path / "two" / "index.html").touch()
    assert main([str(tmp_path / "one"), str(tmp_path / "two")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("left out: index.html is not named as a distribution file\n")
    assert "2 accepted" in out


def test_nothing_to_do_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "no distribution file" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "missing")])


def test_a_repository_with_faults_is_not_well() -> None:
    report = IngestReport(commit="", tree="", files=1, unpacked_bytes=1, packed_bytes=1, skipped=0, skips=())
    assert Outcome(path=Path("a"), report=report).is_well
    assert not Outcome(path=Path("a"), report=report, faults=("x differs",)).is_well
    assert not Outcome(path=Path("a")).is_well
