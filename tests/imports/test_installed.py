import json
import subprocess
import sys

import pytest

from codehost.imports.importing import ImportResult, import_files
from codehost.imports.installed import read_pip_inspect, read_pip_list
from tests.imports.samples import PIP_INSPECT, PIP_LIST, left, lines


def test_pip_list() -> None:
    found = read_pip_list("-", PIP_LIST)
    assert lines(found) == ["six==1.16.0"]
    assert [kind for kind, _ in left(found)] == ["editable"]


def test_pip_inspect() -> None:
    found = read_pip_inspect("-", PIP_INSPECT)
    assert lines(found) == ["six==1.16.0"]
    assert left(found) == [
        ("editable", "app @ file:///src/app"),
        ("local", "near @ file:///src/near"),
        ("vcs", "hub @ https://git.example.com/…"),
        ("url", "far @ https://files.example.com/…"),
    ]


def pip(*arguments: str) -> bytes:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def imported(output: bytes) -> ImportResult:
    return import_files(["-"], lambda _: output)


def test_every_line_of_pip_freeze_is_a_pin_or_left_out() -> None:
    output = pip("freeze", "--all")
    said = [line for line in output.decode().splitlines() if not line.startswith("#")]
    found = imported(output)
    assert len(found.pins) + len(found.left_out) == len(said)
    assert set(found.lines) == {line for line in said if "==" in line and not line.startswith("-e")}
    assert "packaging" in {pin.name for pin in found.pins}


@pytest.mark.parametrize("arguments", [("list", "--format=json"), ("inspect",)])
def test_the_other_outputs_of_pip_name_the_same_releases(arguments: tuple[str, ...]) -> None:
    found = imported(pip(*arguments))
    frozen = imported(pip("freeze", "--all"))
    assert {pin.pin for pin in found.pins} == {pin.pin for pin in frozen.pins}
    # What was installed in place has a line of its own in each.
    assert [left_out.kind for left_out in found.left_out] == [left_out.kind for left_out in frozen.left_out]


def test_pip_list_names_all_there_is() -> None:
    output = pip("list", "--format=json")
    found = imported(output)
    assert len(found.pins) + len(found.left_out) == len(json.loads(output))
