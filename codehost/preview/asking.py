"""The file of each pin, asked of the mirrors: project pages only, nothing is downloaded."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from codehost.model.errors import Failure
from codehost.model.pins import Pin
from codehost.model.releases import Resolution

CONCURRENCY = 8


class PreviewView(Protocol):
    """Whoever watches the asking."""

    def begin(self, total: int) -> None:
        """So many pins are asked for."""
        ...

    def advance(self) -> None:
        """One of them is answered."""
        ...


class Answering(Protocol):
    """Whoever finds files for pins: the resolver."""

    async def resolve(self, pin: Pin) -> Resolution:
        """The file for the pin. Raises ``Failure`` when there is none."""
        ...

    def forget(self, project: str) -> None:
        """Drop what is kept of the project."""
        ...


def by_project(pins: Iterable[Pin]) -> list[list[Pin]]:
    """The pins in groups that share a project page."""
    groups: dict[str, list[Pin]] = {}
    for pin in pins:
        groups.setdefault(pin.project, []).append(pin)
    return list(groups.values())


async def ask(
    resolver: Answering, pins: Sequence[Pin], view: PreviewView, *, concurrency: int = CONCURRENCY
) -> dict[Pin, Resolution | Failure]:
    """Find the file of each pin, ``concurrency`` projects at a time; the answers are in the order of ``pins``."""
    answers: dict[Pin, Resolution | Failure] = {}
    groups = iter(by_project(pins))

    async def work() -> None:
        for group in groups:
            for pin in group:
                answers[pin] = await _ask_one(resolver, pin)
                view.advance()
            resolver.forget(group[0].project)

    view.begin(len(pins))
    tasks = [asyncio.create_task(work()) for _ in range(concurrency)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {pin: answers[pin] for pin in pins}


async def _ask_one(resolver: Answering, pin: Pin) -> Resolution | Failure:
    try:
        return await resolver.resolve(pin)
    except Failure as failure:
        return failure
