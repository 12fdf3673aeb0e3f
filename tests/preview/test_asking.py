import asyncio
from dataclasses import dataclass, field

import pytest

from codehost.model.errors import Failure, Reason, UserError
from codehost.model.pins import Pin, parse_pin
from codehost.model.releases import Resolution
from codehost.preview.asking import ask, by_project
from tests.preview.values import resolution


@dataclass(slots=True)
class Mirrors:
    """Whatever is asked is there, but for the projects in ``lacking`` and ``broken``."""

    lacking: str = ""
    broken: str = ""
    delay: float = 0.0
    asked: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    most_open: int = 0

    async def resolve(self, pin: Pin) -> Resolution:
        self.asked.append(str(pin))
        self.open.add(pin.project)
        self.most_open = max(self.most_open, len(self.open))
        await asyncio.sleep(self.delay)
        if pin.project == self.lacking:
            raise Failure(Reason.NOT_FOUND, f"no mirror has {pin}")
        if pin.project == self.broken:
            raise UserError("The database is gone.")
        return resolution(pin)

    def forget(self, project: str) -> None:
        self.open.discard(project)
        self.forgotten.append(project)


@dataclass(slots=True)
class View:
    total: int = 0
    done: int = 0

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self) -> None:
        self.done += 1


PINS = [parse_pin(f"p{number % 20}=={number}") for number in range(50)]


def test_by_project() -> None:
    pins = [parse_pin(text) for text in ("b==1", "a==1", "B==2")]
    assert by_project(pins) == [[pins[0], pins[2]], [pins[1]]]


@pytest.mark.parametrize("concurrency", [1, 8, 100])
async def test_every_pin_is_answered_in_order(concurrency: int) -> None:
    mirrors, view = Mirrors(lacking="p3"), View()
    answers = await ask(mirrors, PINS, view, concurrency=concurrency)
    assert list(answers) == PINS
    for pin, answer in answers.items():
        assert isinstance(answer, Failure if pin.project == "p3" else Resolution), pin
    assert (view.total, view.done) == (50, 50)
    assert mirrors.most_open == min(concurrency, 20)
    assert sorted(mirrors.forgotten) == sorted({pin.project for pin in PINS})


async def test_nothing_to_ask() -> None:
    assert await ask(Mirrors(), [], View()) == {}


async def test_what_ends_the_program_ends_the_asking() -> None:
    mirrors = Mirrors(broken="p5")
    with pytest.raises(UserError, match="The database is gone"):
        await ask(mirrors, PINS, View(), concurrency=2)
    asked = len(mirrors.asked)
    await asyncio.sleep(0)
    assert len(mirrors.asked) == asked < 50


async def test_a_cancellation_leaves_nobody_asking() -> None:
    mirrors = Mirrors(delay=60)
    asking = asyncio.create_task(ask(mirrors, PINS, View()))
    while len(mirrors.asked) < 8:  # noqa: ASYNC110 - the asking does it
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert asyncio.all_tasks() == {asyncio.current_task()}
