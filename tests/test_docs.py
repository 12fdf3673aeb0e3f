"""The pages: links lead somewhere, commands and options are the program's, tables say what the code says."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from codehost.cli.main import commands
from codehost.model.retrying import BACKOFFS
from tests.examples.blocks import blocks
from tests.program import members

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNITS = sorted((ROOT / "docs" / "examples").glob("*.service"))

SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as those who show it make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_found_from_the_readme() -> None:
    found, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in found:
            continue
        found.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        todo += [(page.parent / link).resolve() for link in links if "://" not in link]
    # The decisions are a folder of their own, which README.md names.
    assert {page for page in PAGES if page.parent.name != "adr"} - found == set()


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in members(group).items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))


COMMANDS = dict(leaves(commands))


def said(text: str) -> Iterator[str]:
    """What stands in ticks, and the lines of examples and scripts."""
    yield from re.findall(r"`([^`\n]+)`", text)
    yield from (line for block in blocks(text) if block.kind == "sh" for line in block.text.splitlines())
    yield from re.findall(r"^(?: {4}|\$ )(.+?)(?: +#.*)?$", text, re.MULTILINE)


def called(page: Path) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Commands of the program with their options."""
    for text in said(page.read_text(encoding="utf-8")):
        for call in re.findall(r"(?:^|bin/)codehost ((?:[a-z]+ ?)+(?:[^|;&]*))", text):
            words = call.split()
            path = tuple(words[:2]) if tuple(words[:2]) in COMMANDS else tuple(words[:1])
            yield path, [word.partition("=")[0] for word in words if word.startswith("--")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_the_programs(page: Path) -> None:
    for path, options in called(page):
        assert path in COMMANDS, (page.name, path)
        known = {name for parameter in COMMANDS[path].params for name in parameter.opts} | {"--help"}
        assert set(options) <= known, (page.name, path, options)


def test_commands_are_found_in_the_pages_at_all() -> None:
    assert len({path for page in PAGES for path, _ in called(page)}) > 20


@pytest.mark.parametrize("path", sorted(COMMANDS), ids=" ".join)
def test_what_a_command_does_fits_into_a_line_of_its_groups_help(path: tuple[str, ...]) -> None:
    assert not COMMANDS[path].get_short_help_str(limit=78 - 6 - len("validate")).endswith("...")


def seconds(text: str) -> float:
    number, unit = text.split()
    return float(number) * SECONDS[unit]


def test_when_a_failed_release_is_tried_again() -> None:
    section = OPERATIONS.partition("### Failed releases")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) to (.+) \| (?:it is synced|(\d+) attempts) \|$", section, re.MULTILINE)
    told = [(reason, seconds(first), seconds(last), int(tries or 0)) for reason, first, last, tries in rows]
    assert told == [(reason.value, one.first, one.cap, one.most_tries or 0) for reason, one in BACKOFFS.items()]


def settings(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_its_command_with_options_of_its_own(unit: Path) -> None:
    (start,) = settings(unit, "ExecStart")
    program, command, *words = start.split()
    assert (Path(program).name, f"codehost-{command}") == ("codehost", unit.stem)
    # By way of the group, from which a command has its settings.
    group = commands.make_context("codehost", [command, *words])
    assert COMMANDS[command,].make_context(command, words, parent=group).params["config"] == (
        Path("/etc/codehost/hosts"),
    )
    (environment,) = settings(unit, "Environment")
    assert environment.partition("=")[0] in {param.envvar for param in COMMANDS[command,].params}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_gives_its_command_time_to_end(unit: Path) -> None:
    command = COMMANDS[unit.stem.removeprefix("codehost-"),]
    stop_within = next(
        param.get_default(click.Context(command)) for param in command.params if param.name == "stop_within"
    )
    assert isinstance(stop_within, str)
    assert float(*settings(unit, "TimeoutStopSec")) >= float(stop_within) + 30
    # A signal to the children would end what is in flight.
    assert settings(unit, "KillMode") == ["mixed"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_a_unit(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is missing")
    copy = tmp_path / unit.name
    # Whether the program is installed there is another matter.
    copy.write_text(re.sub(r"/opt/codehost/bin/codehost", "/bin/true", unit.read_text(encoding="utf-8")))
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
