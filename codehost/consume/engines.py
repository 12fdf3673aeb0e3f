"""Engines that are told: a command that is run over changed clones, and a server that clones by itself."""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import aiohttp
import structlog

from codehost.consume.keeping import KeepError
from codehost.consume.news import problem_with
from codehost.consume.processes import run
from codehost.consume.state import Task
from codehost.model.repository_names import clone_path
from codehost.model.texts import printable
from codehost.net.explain import WIRE_ERRORS, explain

# POSIX, limits.h: what xargs takes by default on most systems is the least that any of them has room for.
_ROOM = 100_000
# zoekt-dynamic-indexserver gives an index an hour by default, and says then that it failed.
_SECONDS = 3_600.0 + 300.0
_OK = 200
_SHOWN = 300
_MOST_ANSWERED = 65_536

log = structlog.get_logger("codehost.follow")


def portions(paths: Sequence[str], room: int = _ROOM) -> Iterator[Sequence[str]]:
    """The paths in order, in pieces that fit into so many bytes of arguments; a piece has one at least."""
    start, taken = 0, 0
    for number, path in enumerate(paths):
        size = len(os.fsencode(path)) + 1
        if taken + size > room and number > start:
            yield paths[start:number]
            start, taken = number, 0
        taken += size
    if paths[start:]:
        yield paths[start:]


def words_of(command: str) -> tuple[str, ...]:
    """The words of a command, split as a shell does.

    Raises:
        ValueError: there are none, or a quotation mark is not closed.
    """
    words = tuple(shlex.split(command))
    if not words:
        raise ValueError("it is empty")
    return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that is run with the paths of clones behind its own words, without a shell."""

    words: tuple[str, ...]
    environment: Mapping[str, str]

    async def tell(self, paths: Sequence[str]) -> None:
        """Run it over some clones.

        Raises:
            KeepError: it cannot be started, or failed.
        """
        try:
            ended = await run([*self.words, *paths], self.environment)
        except OSError as error:
            raise KeepError(f"{self.words[0]} cannot be started ({error.strerror or error})") from None
        if ended.status:
            raise KeepError(f"{self.words[0]} ended with status {ended.status}: {ended.last or 'it said nothing'}")
        log.info("command ended", action="command_ended", repositories=len(paths))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """A server that is told what to clone and index, and answers when it has. Implements ``Keeper``.

    Attributes:
        notify: where it is told.
        url: of the server that it clones from.
    """

    session: aiohttp.ClientSession
    notify: str
    url: str

    async def put(self, task: Task) -> None:
        """Tell of it, unless that was done for this commit. Raises as ``Keeper.put``."""
        if (problem := problem_with(task.item)) is not None:
            raise KeepError(problem)
        if task.done == task.item.commit:
            return
        told = {"CloneURL": f"{self.url}{clone_path(task.item.name)}", "RepoID": task.number}
        timeout = aiohttp.ClientTimeout(total=_SECONDS, sock_connect=30)
        try:
            async with self.session.post(self.notify, json=told, timeout=timeout, allow_redirects=False) as answer:
                if answer.status != _OK:
                    said = printable((await answer.content.read(_MOST_ANSWERED)).decode("utf-8", "replace"), _SHOWN)
                    raise KeepError(f"{self.notify} answered with status {answer.status}: {said}")
        except WIRE_ERRORS as error:
            raise KeepError(explain(error, self.notify).what) from None
        log.info("told", action="engine_told", repository=task.item.name, commit=task.item.commit, number=task.number)

    async def drop(self, task: Task) -> None:
        """There is no way to tell it."""

    async def lost(self, tasks: list[Task]) -> list[Task]:  # noqa: ARG002 - the protocol's
        """Nobody knows."""
        return []
