"""Releases of every habit that thirty years of packaging left behind, and the file that a person would choose."""

from dataclasses import dataclass

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.pins import parse_pin
from codehost.resolve.resolver import Resolver
from tests.integration.taking import configured, resolving
from tests.simulator.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Habit:
    """``files`` is what the page lists, ``expected`` the one to take; None when nothing there can be read."""

    why: str
    pin: str
    files: tuple[str, ...]
    expected: str | None


HABITS = (
    Habit("sdist before wheel", "plain==1.0", ("plain-1.0-py3-none-any.whl", "plain-1.0.tar.gz"), "plain-1.0.tar.gz"),
    Habit("a dash in an old sdist's name", "old-style==1.0", ("old-style-1.0.tar.gz",), "old-style-1.0.tar.gz"),
    Habit("an underscore in a new one's", "new-style==1.0", ("new_style-1.0.tar.gz",), "new_style-1.0.tar.gz"),
    Habit("a dot in the name", "Name.Space==1.2", ("Name.Space-1.2.tar.gz",), "Name.Space-1.2.tar.gz"),
    Habit("all of them, and capitals", "A-b.C_d==1", ("a.B_C-D-1.zip",), "a.B_C-D-1.zip"),
    Habit("digits at the end", "base58==2.1", ("base58-2.1.tar.gz",), "base58-2.1.tar.gz"),
    Habit("a version in the name", "web-2==1.0", ("web-2-1.0.tar.gz",), "web-2-1.0.tar.gz"),
    Habit("another project's file", "short==1.0", ("short-long-1.0.tar.gz", "short-1.0.zip"), "short-1.0.zip"),
    Habit("zip only", "zipped==2.1", ("zipped-2.1.zip", "zipped-2.1.win32.exe"), "zipped-2.1.zip"),
    Habit("bzip2 only", "bzipped==13.2.0", ("bzipped-13.2.0.tar.bz2",), "bzipped-13.2.0.tar.bz2"),
    Habit("gzip before zip", "both==1.0", ("both-1.0.zip", "both-1.0.tar.gz"), "both-1.0.tar.gz"),
    Habit("zip before bzip2", "two==1.0", ("two-1.0.tar.bz2", "two-1.0.zip"), "two-1.0.zip"),
    Habit("tgz", "tgz==1.0", ("tgz-1.0.tgz",), "tgz-1.0.tgz"),
    Habit(
        "pure before platform",
        "wheels==1.0",
        ("wheels-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", "wheels-1.0-py2.py3-none-any.whl"),
        "wheels-1.0-py2.py3-none-any.whl",
    ),
    Habit(
        "the first platform by name",
        "built==1.0",
        ("built-1.0-cp312-cp312-win_amd64.whl", "built-1.0-cp311-cp311-win_amd64.whl"),
        "built-1.0-cp311-cp311-win_amd64.whl",
    ),
    Habit("egg only", "hatched==0.5", ("hatched-0.5-py2.7.egg",), "hatched-0.5-py2.7.egg"),
    Habit("nothing to read", "setup==1.0", ("setup-1.0.win-amd64.exe", "setup-1.0-1.noarch.rpm"), None),
    Habit("built tree as an sdist", "dumb==1.0", ("dumb-1.0.linux-x86_64.tar.gz", "dumb-1.0.zip"), "dumb-1.0.zip"),
    Habit("signatures", "signed==1.0", ("signed-1.0.tar.gz.asc", "signed-1.0.tar.gz"), "signed-1.0.tar.gz"),
    Habit("a letter behind a year", "zones==2013b", ("zones-2013.tar.gz", "zones-2013b.tar.gz"), "zones-2013b.tar.gz"),
    Habit("post as a dash", "posted==1.0.post1", ("posted-1.0-1.tar.gz", "posted-1.0.tar.gz"), "posted-1.0-1.tar.gz"),
    Habit("post as a letter", "revised==1.0-r4", ("revised-1.0.post4.tar.gz",), "revised-1.0.post4.tar.gz"),
    Habit("loud candidate", "loud==1.0rc1", ("loud-1.0.0-RC1.tar.gz", "loud-1.0.tar.gz"), "loud-1.0.0-RC1.tar.gz"),
    Habit("alpha in full", "greek==1.0a1", ("greek-1.0alpha1.tar.gz",), "greek-1.0alpha1.tar.gz"),
    Habit("dev", "nightly==1.0.dev3", ("nightly-1.0.dev3.tar.gz", "nightly-1.0.tar.gz"), "nightly-1.0.dev3.tar.gz"),
    Habit("dev without a number", "daily==1.0.dev0", ("daily-1.0-dev.tar.gz",), "daily-1.0-dev.tar.gz"),
    Habit("epoch", "reborn==1!2.0", ("reborn-2.0.tar.gz", "reborn-1!2.0.tar.gz"), "reborn-1!2.0.tar.gz"),
    Habit("no epoch", "stayed==2.0", ("stayed-1!2.0.tar.gz", "stayed-2.0.tar.gz"), "stayed-2.0.tar.gz"),
    Habit("local", "cuda==2.0+cu118", ("cuda-2.0.tar.gz", "cuda-2.0+cu118.tar.gz"), "cuda-2.0+cu118.tar.gz"),
    Habit("no local", "cpu==2.0", ("cpu-2.0+cu118.tar.gz", "cpu-2.0.tar.gz"), "cpu-2.0.tar.gz"),
    Habit("zeros behind", "long==1", ("long-1.0.0.tar.gz",), "long-1.0.0.tar.gz"),
    Habit("zeros before", "dated==2024.1.2", ("dated-2024.01.02.tar.gz",), "dated-2024.01.02.tar.gz"),
    Habit("ten is not one", "tens==1.1", ("tens-1.10.tar.gz", "tens-1.1.tar.gz"), "tens-1.1.tar.gz"),
    Habit("a v in front", "vee==1.0", ("vee-v1.0.tar.gz",), "vee-v1.0.tar.gz"),
)


async def _file(resolver: Resolver, pin: str) -> str | None:
    try:
        return (await resolver.resolve(parse_pin(pin))).file.filename
    except Failure as failure:
        if failure.reason is not Reason.NO_USABLE_FILE:
            raise
        return None


@pytest.mark.parametrize("html", [False, True], ids=["json", "html"])
async def test_the_file_that_a_person_would_choose(html: bool) -> None:  # noqa: FBT001 - a column of the table
    async with Mirror(html=html) as mirror:
        for habit in HABITS:
            for filename in habit.files:
                mirror.add(filename, b"", project=habit.pin.partition("==")[0])
        async with resolving(configured(mirror.base)) as (resolver, _, budget):
            found = {habit.why: await _file(resolver, habit.pin) for habit in HABITS}
        assert found == {habit.why: habit.expected for habit in HABITS}
        # The search for the root costs nothing here: the first guess is right.
        assert budget.spent == len(HABITS)


async def test_a_yanked_release_is_taken_and_marked() -> None:
    async with Mirror() as mirror:
        mirror.add("pulled-1.0.tar.gz", b"", yanked="broken")
        async with resolving(configured(mirror.url)) as (resolver, _, _):
            resolution = await resolver.resolve(parse_pin("pulled==1.0"))
        assert (resolution.file.filename, resolution.file.yanked) == ("pulled-1.0.tar.gz", "broken")
