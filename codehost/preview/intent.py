"""What a sync would do, as far as the configuration and the record tell. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from codehost.model.codehosts import CodeHostConfig
from codehost.model.jobs import JobState
from codehost.model.pins import Pin
from codehost.model.records import Plan, RecordedRelease
from codehost.plan.planner import plan


class Action(StrEnum):
    """What a sync would do about a pin. ``retry``: it has no repository yet; ``restore``: it was retired earlier."""

    ADD = "add"
    RETRY = "retry"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A pin that a sync would do something about. ``due``: its file would be downloaded."""

    pin: Pin
    action: Action
    repository: str
    due: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A repository's name that a new release would share with a recorded one: a sync would refuse to begin."""

    repository: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a sync would do, as far as the record tells. ``retire`` are names of repositories."""

    steps: tuple[Step, ...]
    unchanged: int
    retire: tuple[str, ...] = ()
    clashes: tuple[Clash, ...] = ()

    @property
    def added(self) -> Iterator[str]:
        """The names that new releases would have."""
        return (step.repository for step in self.steps if step.action is Action.ADD)

    @property
    def due(self) -> tuple[Pin, ...]:
        """The pins whose files would be downloaded."""
        return tuple(step.pin for step in self.steps if step.due)

    def count(self, action: Action) -> int:
        """How many pins have that action."""
        return sum(step.action is action for step in self.steps)


def intend(
    config: CodeHostConfig,
    recorded: Sequence[RecordedRelease] = (),
    *,
    exists: Callable[[str], bool] = lambda _: True,
) -> Intent:
    """What a sync of ``config`` would do.

    Args:
        config: the code host as configured.
        recorded: its releases in the database.
        exists: whether the repository of that name is on the disk.
    """
    made = plan(config.pins, recorded, config.repository_pattern)
    pins = {(pin.release.project, pin.release.version): pin for pin in reversed(config.pins)}
    added = [Step(pin=pin, action=Action.ADD, repository=pin.repository(config.repository_pattern)) for pin in made.add]
    return Intent(
        steps=(*added, *_recorded_steps(made, pins, exists)),
        unchanged=made.keep,
        retire=tuple(release.repository for release in made.retire),
    )


def clashing(intent: Intent, owners: Mapping[str, str]) -> Intent:
    """The intent with its clashes. ``owners``: the code host of each of its ``added`` names that is recorded."""
    found = (Clash(repository=name, owner=owners[name]) for name in intent.added if name in owners)
    return replace(intent, clashes=tuple(found))


def _recorded_steps(made: Plan, pins: Mapping[tuple[str, str], Pin], exists: Callable[[str], bool]) -> Iterator[Step]:
    for release in made.retry:
        yield Step(pin=pins[release.project, release.version], action=Action.RETRY, repository=release.repository)
    for release in made.restore:
        yield Step(
            pin=pins[release.project, release.version],
            action=Action.RESTORE,
            repository=release.repository,
            due=release.state is not JobState.COMPLETED or not exists(release.repository),
        )
