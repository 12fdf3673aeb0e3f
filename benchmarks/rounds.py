"""Rounds: every way over the same slice of the corpus, one after another, in an order that changes."""

import gc
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.archives import Distribution
from benchmarks.gitrun import tree_of
from benchmarks.ours import cpu_seconds
from benchmarks.table import Measurement
from benchmarks.ways import Floor, Way

FILES_PER_SLICE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What one untimed run showed of a distribution file.

    ``trees`` maps ways to the tree each one made; ``refusals`` maps ways to why they could not.
    """

    distribution: Distribution
    trees: dict[str, str]
    refusals: dict[str, str]


def slices(distributions: Sequence[Distribution], most: int) -> list[list[Distribution]]:
    """The corpus dealt into at most ``most`` slices of about equal bytes, each with enough files to share out."""
    count = max(1, min(most, len(distributions) // FILES_PER_SLICE))
    dealt: list[list[Distribution]] = [[] for _ in range(count)]
    for one in sorted(distributions, key=lambda one: (-one.size, one.path.name)):
        min(dealt, key=lambda slice_: sum(held.size for held in slice_)).append(one)
    return dealt


def order(ways: Sequence[Way], number: int) -> list[Way]:
    """The ways turned by the round's number, and backwards every other round: no way always follows the same one."""
    turn = number % len(ways)
    turned = [*ways[turn:], *ways[:turn]]
    return turned[::-1] if number % 2 else turned


def run_rounds(
    ways: Sequence[Way], floor: Floor, distributions: Sequence[Distribution], rounds: int, scratch: Path
) -> Iterator[Measurement]:
    """Every way in every round; round n takes slice n of the corpus, starting over when all were taken."""
    dealt = slices(distributions, rounds)
    for number in range(rounds):
        slice_ = dealt[number % len(dealt)]
        floor.load(slice_)
        for way in order([*ways, floor], number):
            yield measure(way, slice_, number, scratch)


def measure(way: Way, distributions: Sequence[Distribution], number: int, scratch: Path) -> Measurement:
    """Time one way.

    Not timed: making and removing the directory, collecting garbage, and writing out what earlier ways left in the
    page cache, which would otherwise be charged to this one.
    """
    folder = scratch / "round"
    folder.mkdir()
    gc.collect()
    os.sync()
    cpu, start = cpu_seconds(), time.perf_counter()
    outcome = way.run(distributions, folder)
    seconds, used = time.perf_counter() - start, cpu_seconds() - cpu
    shutil.rmtree(folder)
    return Measurement(way=way.name, round=number, seconds=seconds, cpu=used + outcome.elsewhere)


def rehearse(ways: Sequence[Way], distribution: Distribution, scratch: Path) -> Rehearsal:
    """Run every way once on one distribution file, and compare what they make."""
    trees: dict[str, str] = {}
    refusals: dict[str, str] = {}
    for way in ways:
        folder = scratch / "rehearsal"
        folder.mkdir()
        try:
            trees[way.name] = tree_of(way.run([distribution], folder).repositories[0])
        except Exception as error:  # noqa: BLE001 - whatever keeps a way from doing a file is told, and the rest go on
            refusals[way.name] = f"{type(error).__name__}: {error}".splitlines()[0]
        shutil.rmtree(folder)
    return Rehearsal(distribution=distribution, trees=trees, refusals=refusals)
