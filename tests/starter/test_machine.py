from dataclasses import replace

import pytest

from codehost.starter.machine import UnreadableError
from tests.starter.machines import machine

POSIX = [
    ("/etc/ca.pem", "/etc/ca.pem"),
    ("ca.pem", "/home/ada/project/ca.pem"),
    ("../ca.pem", "/home/ada/ca.pem"),
    ("~/ca.pem", "/home/ada/ca.pem"),
    ("~", "/home/ada"),
    ("~bob/ca.pem", "/home/ada/project/~bob/ca.pem"),
]


@pytest.mark.parametrize(("path", "absolute"), POSIX)
def test_paths_count_from_the_current_directory(path: str, absolute: str) -> None:
    assert machine().absolute(path) == absolute


def test_windows_has_its_own_paths() -> None:
    windows = replace(machine(), platform="win32", cwd=r"D:\work")
    assert windows.absolute("ca.pem") == r"D:\work\ca.pem"
    assert windows.absolute(r"C:\ca.pem") == r"C:\ca.pem"


def test_what_a_machine_holds_does_not_show() -> None:
    shown = repr(machine({"/etc/pip.conf": "canary"}, {"PIP_INDEX_URL": "canary"}))
    assert "canary" not in shown


def test_the_words_for_an_unreadable_file() -> None:
    assert str(UnreadableError("/etc/pip.conf", 3, "INI file")) == (
        "/etc/pip.conf, line 3: this is no valid INI file; its settings are left out."
    )
    assert "line" not in str(UnreadableError("/etc/pip.conf", None, "INI file"))
