"""Runs of the real program, recorded, and replayed on a simulated disk."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from tests.acceptance import state
from tests.acceptance.kill import BrokenPromiseError
from tests.acceptance.power_disk import Disk, Tree, everything, tree_of
from tests.acceptance.power_judge import DATA, Told, repository
from tests.acceptance.power_trace import Kind, Step, steps, wrapper
from tests.acceptance.program import Desk
from tests.simulator.mirror import Mirror
from tests.wiring import add_sdist

# What is followed, one document after the other: releases come, go, and come back.
DOCUMENTS = (
    ("alpha==1.0", "alpha==1.1", "beta==1.0", "gamma==1.0", "gamma==2.0", "delta==1.0"),
    ("alpha==1.1", "beta==1.0", "gamma==2.0", "delta==1.0", "delta==1.1", "epsilon==1.0"),
    ("alpha==1.0", "alpha==1.1", "beta==1.0", "gamma==2.0", "delta==1.1", "epsilon==1.0"),
)
# More than any trace has lines.
_LATER = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """``codehost worker`` or ``sync``, and its configuration file, which names the code host and stays the same."""

    name: str
    config: Path

    def follow(self, mirror: Mirror, pins: Sequence[str]) -> None:
        """Write the file."""
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_text(json.dumps({"urls": [mirror.url], "dependencies": pins}))

    def arguments(self, desk: Desk) -> tuple[str, ...]:
        """One run that does everything."""
        if self.name == "sync":
            return ("sync", str(self.config), "--prune", *desk.place)
        options = ("--once", "--http", "none", "--grace", "0", "--lease-seconds", "2", "--config", str(self.config))
        return ("worker", *options, *desk.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One run: the pins of its document, and what it did."""

    pins: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Runs of a program in one data directory, one after the other.

    ``mirror`` is the address of the one that they asked, ``commits`` are those of all repositories that they made, and
    ``before`` is what was on the disk at first.
    """

    folder: Path
    program: Program
    mirror: str
    acts: tuple[Act, ...]
    commits: dict[str, str]
    before: Tree = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The disk before a step. It goes on with the replay: ask at once what survives."""

    number: int
    step: Step | None
    disk: Disk
    told: Told

    def __str__(self) -> str:
        step = self.step
        return (
            f"{self.number}" if step is None else f"{self.number}, before {step.kind} {step.path} {step.new}".rstrip()
        )


def serve(mirror: Mirror) -> None:
    """List and serve everything that the documents pin."""
    for pin in sorted({pin for pins in DOCUMENTS for pin in pins}):
        add_sdist(mirror, pin)


async def record(desk: Desk, mirror: Mirror, program: Program, documents: Sequence[tuple[str, ...]]) -> Recording:
    """Let the program follow these documents, one run each, and write down what it does.

    Raises:
        BrokenPromiseError: a run did not end well.
        ValueError: what was written down does not lead to what is on the disk.
    """
    before = disk_of(desk)
    acts: list[Act] = []
    commits: dict[str, str] = {}
    for number, pins in enumerate(documents):
        program.follow(mirror, pins)
        trace = desk.folder / f"{number}.trace"
        ended = await desk.run(*program.arguments(desk), wrapper=wrapper(trace))
        found = state.recorded(desk.data)
        if ended.status or found.keys() != {repository(pin) for pin in pins}:
            raise BrokenPromiseError(f"the undisturbed run: {ended.said[-2000:]}")
        commits |= found
        later = number * _LATER
        made = (replace(step, began=step.began + later, at=step.at + later) for step in steps(trace, desk.data))
        acts.append(Act(pins=pins, steps=tuple(made)))
    recording = Recording(
        folder=desk.folder,
        program=program,
        mirror=urlsplit(mirror.url).netloc,
        acts=tuple(acts),
        commits=commits,
        before=before,
    )
    _compare(recording, disk_of(desk))
    return recording


def disk_of(desk: Desk) -> Tree:
    """The data directory as a part of a disk; nothing if it is not there."""
    held = {f"{DATA}/{path}": content for path, content in tree_of(desk.data).items()}
    return {DATA: None, **held} if desk.data.exists() else {}


def _compare(recording: Recording, real: Tree) -> None:
    """What the steps lead to when nothing is lost is what is really there, or the simulation is worth nothing."""
    *_, last = replay(recording)
    found = last.disk.after(everything())
    if wrong := sorted(path for path in found.keys() | real.keys() if found.get(path, b"-") != real.get(path, b"-")):
        raise ValueError(f"the record leads to something else than is there: {wrong}")


def replay(recording: Recording) -> Iterator[Moment]:
    """All moments, the last one after the last step."""
    disk, told, number = Disk(recording.folder, recording.before), Told(), 0
    for act in recording.acts:
        told.pins = act.pins
        for step in act.steps:
            yield Moment(number=number, step=step, disk=disk, told=told)
            disk.do(step)
            told.learn(step, recording.mirror)
            number += 1
    yield Moment(number=number, step=None, disk=disk, told=told)


def moments(recording: Recording, most: int) -> set[int]:
    """The moments before and after everything that makes something durable or gives it a name; if need be, fewer."""
    kinds = {Kind.SYNC, Kind.MOVE, Kind.LINK}
    all_steps = [step for act in recording.acts for step in act.steps]
    at = [number for number, step in enumerate(all_steps) if step.kind in kinds]
    near = sorted({number + side for number in at for side in (0, 1)})
    thinned = near if len(near) <= most else [near[place * len(near) // most] for place in range(most)]
    return {*thinned, len(all_steps)}
