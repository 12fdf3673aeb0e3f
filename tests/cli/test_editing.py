import stat
import sys
from pathlib import Path

import pytest

from codehost.cli.editing import Draft
from codehost.model.errors import UserError


@pytest.fixture(autouse=True)
def _no_visual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)


def editor(folder: Path, body: str) -> str:
    script = folder / "edit or.py"
    script.write_text(f"import sys, pathlib\nfile = pathlib.Path(sys.argv[1])\n{body}\n", encoding="utf-8")
    return f"{sys.executable} '{script}'"


def test_what_was_edited_is_thrown_away_when_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, "file.write_text(file.read_text() + ' // é', encoding='utf-8')"))
    with Draft("work", "{}") as draft:
        file = draft.file
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert draft.edited() == "{} // é".encode()
        assert draft.edited() == "{} // é // é".encode()
        draft.done()
    assert not file.parent.exists()


def test_what_was_edited_in_vain_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, "file.write_text('x'); file.chmod(0o644)"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Draft("work", "{}") as draft:
        draft.edited()
    assert draft.file.read_text(encoding="utf-8") == "x"
    assert stat.S_IMODE(draft.file.stat().st_mode) == 0o600
    assert capsys.readouterr().err == (
        f"Your changes are in {draft.file}: codehost hosts edit work {draft.file} takes them.\n"
    )


@pytest.mark.parametrize("body", ["", "file.write_text(file.read_text())", "file.unlink(); file.write_text('{}')"])
def test_an_editor_that_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, body))
    with Draft("work", "{}") as draft:
        assert draft.edited() is None
    assert not draft.file.parent.exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/no/such/editor", "The editor '/no/such/editor' cannot be started"),
        ("'", 'The editor "\'" cannot be started'),
        ("false", "The editor 'false' ended with status 1: nothing is changed"),
    ],
)
def test_an_editor_that_fails(monkeypatch: pytest.MonkeyPatch, command: str, said: str) -> None:
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setenv("VISUAL", command)
    with pytest.raises(UserError, match=said), Draft("work", "{}") as draft:
        draft.edited()
    assert not draft.file.parent.exists()


def test_an_editor_that_takes_the_file_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, "file.unlink()"))
    with pytest.raises(UserError, match="left no file"), Draft("work", "{}") as draft:
        draft.edited()
    assert not draft.file.parent.exists()
