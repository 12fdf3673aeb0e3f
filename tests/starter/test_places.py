import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from codehost.starter.places import Groups, Place, Scope, pip_places, uv_places

MAC_LIBRARY = "/Users/ada/Library/Application Support/pip/pip.conf"


def paths(groups: Groups) -> list[list[str]]:
    return [[place.path for place in group] for group in groups]


PIP = {
    "linux": (
        "linux",
        {},
        "/home/ada",
        [
            ["/etc/xdg/pip/pip.conf"],
            ["/etc/pip.conf"],
            ["/home/ada/.pip/pip.conf"],
            ["/home/ada/.config/pip/pip.conf"],
            ["/opt/py/pip.conf"],
        ],
    ),
    "linux with variables": (
        "linux",
        {"XDG_CONFIG_DIRS": "/a:/b", "XDG_CONFIG_HOME": "/c", "VIRTUAL_ENV": "/venv", "PIP_CONFIG_FILE": "mine.conf"},
        "/home/ada",
        [
            ["/a/pip/pip.conf"],
            ["/b/pip/pip.conf"],
            ["/etc/pip.conf"],
            ["/home/ada/.pip/pip.conf"],
            ["/c/pip/pip.conf"],
            ["/venv/pip.conf"],
            ["mine.conf"],
        ],
    ),
    "macOS": (
        "darwin",
        {},
        "/Users/ada",
        [
            ["/Library/Application Support/pip/pip.conf"],
            ["/Users/ada/.pip/pip.conf"],
            [MAC_LIBRARY, "/Users/ada/.config/pip/pip.conf"],
            ["/opt/py/pip.conf"],
        ],
    ),
    "Windows": (
        "win32",
        {"PROGRAMDATA": r"D:\Data", "AppData": r"C:\Users\ada\Roaming", "VIRTUAL_ENV": r"C:\venv"},
        r"C:\Users\ada",
        [
            [r"D:\Data\pip\pip.ini"],
            [r"C:\Users\ada\pip\pip.ini"],
            [r"C:\Users\ada\Roaming\pip\pip.ini"],
            [r"C:\venv\pip.ini"],
        ],
    ),
    "Windows without variables": (
        "win32",
        {"VIRTUAL_ENV": r"C:\venv"},
        r"C:\Users\ada",
        [
            [r"C:\ProgramData\pip\pip.ini"],
            [r"C:\Users\ada\pip\pip.ini"],
            [r"C:\Users\ada\AppData\Roaming\pip\pip.ini"],
            [r"C:\venv\pip.ini"],
        ],
    ),
    "no files on Linux": ("linux", {"PIP_CONFIG_FILE": "/dev/null"}, "/home/ada", []),
    "no files on Windows": ("win32", {"PIP_CONFIG_FILE": "nul"}, r"C:\Users\ada", []),
}


@pytest.mark.parametrize(("platform", "environ", "home", "expected"), PIP.values(), ids=PIP)
def test_where_pip_looks(platform: str, environ: dict[str, str], home: str, expected: list[list[str]]) -> None:
    assert paths(pip_places(platform=platform, environ=environ, home=home, prefix="/opt/py")) == expected


def test_a_chosen_file_stands_in_for_the_users() -> None:
    environ = {"PIP_CONFIG_FILE": "/mine.conf"}
    groups = pip_places(platform="linux", environ=environ, home="/home/ada", prefix="/py", chosen_exists=True)
    assert paths(groups) == [["/etc/xdg/pip/pip.conf"], ["/etc/pip.conf"], ["/py/pip.conf"], ["/mine.conf"]]
    assert [group[0].scope for group in groups] == [Scope.GLOBAL, Scope.GLOBAL, Scope.SITE, Scope.CHOSEN]


@pytest.mark.skipif(sys.platform != "linux", reason="asks the pip of this machine")
@pytest.mark.parametrize("variables", [{}, {"XDG_CONFIG_DIRS": "/a:/b", "XDG_CONFIG_HOME": "/c"}])
def test_pip_itself_looks_there(tmp_path: Path, variables: dict[str, str]) -> None:
    pytest.importorskip("pip")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_", "VIRTUAL_"))}
    environ = {**kept, "HOME": str(tmp_path), **variables}
    command = [sys.executable, "-m", "pip", "config", "debug"]
    said = subprocess.run(command, env=environ, check=True, capture_output=True, text=True, timeout=60).stdout
    found = set(re.findall(r"^ +(\S+), exists:", said, re.MULTILINE))
    expected = pip_places(platform="linux", environ=environ, home=str(tmp_path), prefix=sys.prefix)
    assert found == {place.path for group in expected for place in group}


PROJECT = [
    "/srv/app/uv.toml",
    "/srv/app/pyproject.toml",
    "/srv/uv.toml",
    "/srv/pyproject.toml",
    "/uv.toml",
    "/pyproject.toml",
]

UV = {
    "linux": (
        "linux",
        {},
        "/home/ada",
        [
            PROJECT,
            ["/home/ada/.config/uv/uv.toml"],
            ["/etc/xdg/uv/uv.toml", "/etc/uv/uv.toml"],
        ],
    ),
    "macOS with variables": (
        "darwin",
        {"XDG_CONFIG_HOME": "/c", "XDG_CONFIG_DIRS": "/a:/b", "UV_NO_CONFIG": "0"},
        "/Users/ada",
        [
            PROJECT,
            ["/c/uv/uv.toml"],
            ["/a/uv/uv.toml", "/b/uv/uv.toml", "/etc/uv/uv.toml"],
        ],
    ),
    "chosen": ("linux", {"UV_CONFIG_FILE": "/mine.toml", "UV_NO_CONFIG": "1"}, "/home/ada", [["/mine.toml"]]),
    "none": ("linux", {"UV_NO_CONFIG": "true"}, "/home/ada", []),
}


@pytest.mark.parametrize(("platform", "environ", "home", "expected"), UV.values(), ids=UV)
def test_where_uv_looks(platform: str, environ: dict[str, str], home: str, expected: list[list[str]]) -> None:
    assert paths(uv_places(platform=platform, environ=environ, home=home, cwd="/srv/app")) == expected


def test_where_uv_looks_on_windows() -> None:
    environ = {"APPDATA": r"C:\Users\ada\Roaming", "SYSTEMDRIVE": "E:"}
    groups = uv_places(platform="win32", environ=environ, home=r"C:\Users\ada", cwd=r"D:\app")
    assert paths(groups) == [
        [r"D:\app\uv.toml", r"D:\app\pyproject.toml", r"D:\uv.toml", r"D:\pyproject.toml"],
        [r"C:\Users\ada\Roaming\uv\uv.toml"],
        [r"E:\ProgramData\uv\uv.toml"],
    ]


def test_a_relative_directory_of_the_user_is_ignored() -> None:
    groups = uv_places(platform="linux", environ={"XDG_CONFIG_HOME": "here"}, home="/home/ada", cwd="/")
    assert paths(groups)[1] == ["/home/ada/.config/uv/uv.toml"]


def test_a_pyproject_has_its_settings_in_a_table() -> None:
    project = uv_places(platform="linux", environ={}, home="/home/ada", cwd="/")[0]
    assert project == (
        Place(path="/uv.toml", scope=Scope.PROJECT),
        Place(path="/pyproject.toml", scope=Scope.PROJECT, table=("tool", "uv")),
    )
