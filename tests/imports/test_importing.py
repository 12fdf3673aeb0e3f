from pathlib import Path

import pytest

from codehost.imports.formats import Format
from codehost.imports.importing import ImportedFile, import_files
from codehost.imports.problems import MAX_FILE_BYTES, ImportFileError
from codehost.imports.reading import read_from_disk
from codehost.model.errors import UserError
from codehost.model.pins import parse_pin
from tests.imports.samples import ALL, PDM_LOCK, PIPFILE_LOCK


def folder_with(folder: Path, files: dict[str, str]) -> list[str]:
    paths = [folder / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [str(path) for path in paths]


def test_a_release_is_taken_once_where_it_comes_first(tmp_path: Path) -> None:
    first = "Zope.Interface==5.0\nsix==1.16.0\n"
    second = "zope-interface==5.0.0\nsix==1.17.0\nsix==1.16\nattrs==23.1.0\n"
    result = import_files(folder_with(tmp_path, {"a.txt": first, "b.txt": second}), read_from_disk)
    assert result.lines == ("Zope.Interface==5.0", "six==1.16.0", "six==1.17.0", "attrs==23.1.0")
    assert [Path(pin.origin).name for pin in result.pins] == ["a.txt:1", "a.txt:2", "b.txt:2", "b.txt:4"]


def test_files_of_several_formats(tmp_path: Path) -> None:
    paths = folder_with(tmp_path, {"pdm.lock": PDM_LOCK, "Pipfile.lock": PIPFILE_LOCK})
    result = import_files(paths, read_from_disk)
    assert result.lines == ("requests==2.31.0", "celery==5.3.6", "old==0.9", "sphinx==7.2.6")
    assert result.files == (
        ImportedFile(path=paths[0], format=Format.PDM),
        ImportedFile(path=paths[1], format=Format.PIPFILE),
    )


def test_an_open_requirement_is_no_loss_where_its_project_is_pinned(tmp_path: Path) -> None:
    wanted = "Six\nattrs>=20\nflask==3.*\n-e .\n"
    result = import_files(
        folder_with(tmp_path, {"requirements.in": wanted, "requirements.txt": "six==1.16.0\nattrs==23.1.0\n"}),
        read_from_disk,
    )
    assert [left_out.text for left_out in result.left_out] == ["flask==3.*", "--editable ."]


def test_nothing_is_left_out_twice(tmp_path: Path) -> None:
    (path,) = folder_with(tmp_path, {"requirements.txt": "-e .\n"})
    assert len(import_files([path, path], read_from_disk).left_out) == 1


def test_new_lines_are_those_that_name_new_releases(tmp_path: Path) -> None:
    result = import_files(folder_with(tmp_path, {"r.txt": "Six==1.16.0\nattrs==23.1.0\nsix==1.17\n"}), read_from_disk)
    assert result.new_lines([parse_pin("six==1.16"), parse_pin("attrs==22.0")]) == ("attrs==23.1.0", "six==1.17")


@pytest.mark.parametrize("name", ["missing.txt", ".", "a\0b"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"cannot be read|no path of a file"):
        import_files([f"{tmp_path}/{name}"], read_from_disk)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "uv.lock"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ImportFileError, match=r"uv\.lock is larger than 64 MiB; no lock file is that large: check the"):
        import_files([str(path)], read_from_disk)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("uv.lock", "<<<<<<< HEAD\n", "is no valid TOML"),
        ("poetry.lock", "a = " + "[" * 100_000, "is no valid TOML"),
        ("pdm.lock", "a = " + "1" * 10_000, "is no valid TOML"),
        ("Pipfile.lock", "{", "is no valid JSON"),
        ("Pipfile.lock", "[" * 100_000, "is no valid JSON"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path: Path, name: str, text: str, problem: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        import_files(folder_with(tmp_path, {name: text}), read_from_disk)
    assert caught.value.problem == problem


def test_all_samples_at_once(tmp_path: Path) -> None:
    result = import_files(folder_with(tmp_path, ALL), read_from_disk)
    assert len(set(result.lines)) == len(result.lines) > 8
