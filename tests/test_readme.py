"""Every command and option is described, by itself and in README.md, and README.md describes no others."""

import re
from pathlib import Path

import click
import pytest

import codehost
from codehost.cli.main import commands, main
from tests.program import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"codehost, version {codehost.__version__}\n"


def options_of(command: click.Command) -> set[str]:
    options = (parameter for parameter in command.params if isinstance(parameter, click.Option))
    return {name for option in options for name in option.opts}


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, command in [((), commands), *(((name,), found) for name, found in COMMANDS.items())]:
        for flag in ("--help", "-h"):
            assert main([*arguments, flag]) == 0
            out = capsys.readouterr().out
            assert f"Usage: {' '.join(('codehost', *arguments))}" in out
            assert {name for name in options_of(command) if name not in out} == set()
            assert (command.help or "?").split()[0] in out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    assert f"| `codehost {name}" in README
    assert {option for option in options_of(COMMANDS[name]) if f"`{option}`" not in README} == set()


def test_the_readme_names_no_command_or_option_that_is_not_there() -> None:
    named = set(re.findall(r"`(?:\.venv/bin/)?codehost ([a-z]+)", README))
    named |= set(re.findall(r"^\$ \.venv/bin/codehost ([a-z]+)", README, re.MULTILINE))
    assert named == set(COMMANDS)
    section = README.partition("## The commands")[2].partition("\n## ")[0]
    known = set().union(*(options_of(command) for command in COMMANDS.values()))
    assert set(re.findall(r"--[a-z][a-z-]*", section)) == known
