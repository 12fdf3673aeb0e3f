import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from codehost.imports.importing import import_files
from codehost.imports.reading import read_from_disk
from codehost.imports.uv_lock import read_uv_lock
from tests.imports.samples import UV_LOCK, UV_PROJECT, left, lines

UV = Path(sysconfig.get_path("scripts")) / "uv"
MEMBER = """\
[project]
name = "{name}"
version = "0.2.0"
requires-python = ">=3.11"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
WORKSPACE = """\
[project]
name = "app"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["beside", "member", "unbuilt"]

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
beside = { path = "beside" }
member = { workspace = true }
unbuilt = { workspace = true }
"""


def uv(folder: Path, *arguments: str) -> str:
    command = [str(UV), *arguments, "--offline", "--no-config", "--python", sys.executable]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout


def test_every_sort_of_source() -> None:
    found = read_uv_lock("uv.lock", UV_LOCK)
    assert lines(found) == ["fork==1.0", "fork==2.0", "six==1.16.0"]
    assert left(found) == [
        ("root", "app @ ."),
        ("editable", "edit @ packages/edit"),
        ("local", "file @ vendor/file-1.0-py3-none-any.whl"),
        ("local-index", "flat @ vendor/links"),
        ("vcs", "git @ https://git.example.com/…"),
        ("url", "url @ https://files.example.com/…"),
    ]
    assert found.pins[-1].origin == "uv.lock (six)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[package]]\nname = "x"\nversion = "1"\n', [("source", "x")]),
        ('[[package]]\nname = "x"\nversion = "1"\nsource = { moon = "a" }\n', [("source", "x")]),
        ('[[package]]\nname = "x"\nsource = { registry = "https://a.b/simple" }\n', [("unpinned", "x")]),
        (
            '[[package]]\nname = "x"\nversion = "?"\nsource = { registry = "https://a.b/simple" }\n',
            [("version", "x==?")],
        ),
        ('[[package]]\nversion = "1"\n', [("unreadable", "package 1")]),
        ("package = 3\n", []),
        ("package = [3]\n", [("unreadable", "package 1")]),
    ],
)
def test_what_is_odd_is_left_out(text: str, expected: list[tuple[str, str]]) -> None:
    found = read_uv_lock("uv.lock", text)
    assert (left(found), found.pins) == (expected, ())


def test_what_uv_itself_locks(tmp_path: Path) -> None:
    for name, folder in [("beside", "beside"), ("member", "packages/member"), ("unbuilt", "packages/unbuilt")]:
        (tmp_path / folder).mkdir(parents=True)
        project = MEMBER.format(name=name)
        project = (
            project.partition("[build-system]")[0] + "[tool.uv]\npackage = false\n" if name == "unbuilt" else project
        )
        (tmp_path / folder / "pyproject.toml").write_text(project, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(WORKSPACE, encoding="utf-8")
    uv(tmp_path, "lock")
    found = read_uv_lock("uv.lock", (tmp_path / "uv.lock").read_text(encoding="utf-8"))
    assert lines(found) == []
    assert left(found) == [
        ("root", "app @ ."),
        ("local", "beside @ beside"),
        ("editable", "member @ packages/member"),
        ("member", "unbuilt @ packages/unbuilt"),
    ]


def test_the_exports_of_uv_come_to_the_same_pins(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(UV_PROJECT, encoding="utf-8")
    (tmp_path / "uv.lock").write_text(UV_LOCK, encoding="utf-8")
    (tmp_path / "packages" / "edit").mkdir(parents=True)
    (tmp_path / "vendor" / "links").mkdir(parents=True)
    (tmp_path / "vendor" / "links" / "flat-1.0-py3-none-any.whl").write_bytes(b"only its hash is asked for")
    for name, sort in [("requirements.txt", "requirements-txt"), ("pylock.toml", "pylock.toml")]:
        (tmp_path / name).write_text(uv(tmp_path, "export", "--frozen", "--format", sort), encoding="utf-8")
    of_lock = import_files([str(tmp_path / "uv.lock")], read_from_disk)
    of_pylock = import_files([str(tmp_path / "pylock.toml")], read_from_disk)
    of_text = import_files([str(tmp_path / "requirements.txt")], read_from_disk)
    assert of_pylock.lines == of_lock.lines
    # In text, nothing tells a release of a local directory from one of a mirror.
    assert sorted(of_text.lines) == sorted([*of_lock.lines, "flat==1.0"])
    kinds = {left_out.project: left_out.kind for left_out in of_lock.left_out if left_out.kind != "root"}
    assert {left_out.project: left_out.kind for left_out in of_pylock.left_out} == kinds
