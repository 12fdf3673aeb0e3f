"""The feed followed for ever: entries become work in the state, and the work is done, batch by batch."""

import asyncio
import random
import sqlite3
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ParamSpec, TypeVar

import structlog

from codehost.consume.engines import Command, portions
from codehost.consume.keeping import Keeper, KeepError
from codehost.consume.patience import TRIES_AT_ONCE, Patience
from codehost.consume.place import Place
from codehost.consume.server import HinderedError, Server
from codehost.consume.state import State, Task
from codehost.model.retrying import Backoff

# After so many the feed is asked and the command run: what came late is not last, and a crash repeats little.
_BATCH = 200
_LONGEST_WAIT = 50.0
_LEAST_WAIT = 1.0
_AWAY = Backoff(first=1, factor=2, cap=60)
_LONGEST_AWAY = 86_400.0
_SPREAD = 0.25
# Among the names of repositories, none of which is empty.
_COMMAND = ""

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger("codehost.follow")


class StoppedError(Exception):
    """It was asked to end."""


@dataclass(slots=True, kw_only=True)
class Follower:
    """Keeps something in step with a server's feed.

    Attributes:
        keeper: does what entries ask for.
        command: is run over clones that have changed; None: nobody is told.
        jobs: how many repositories are worked on at a time.
        stop: when it is set, what is in hand is dropped.
    """

    server: Server
    state: State
    place: Place
    keeper: Keeper
    stop: asyncio.Event
    command: Command | None = None
    jobs: int = 4
    _patience: Patience = field(default_factory=Patience)
    _more: bool = True
    _failures: int = 0
    _said: set[str] = field(default_factory=set)

    async def follow(self, *, once: bool) -> bool:
        """Follow until ``stop`` is set, or, with ``once``, until nothing is left that could be done.

        Returns:
            Whether everything is in step.

        Raises:
            StoppedError: ``stop`` was set.
            HinderedError: with ``once``, the server or the folder cannot be used.
        """
        with self._folder():
            settled = await self._blocking(self.state.settled)
            await self._blocking(self.state.redo, await self.keeper.lost(settled))
        while not (once and await self._is_over()):
            try:
                with self._folder():
                    await self._turn()
            except HinderedError as error:
                await self._hindered(error, once=once)
        return not (await self._blocking(self._some_pending) or await self._is_untold())

    async def _turn(self) -> None:
        """Ask for news once, waiting for them if there is nothing else to do, and work some off."""
        idle = not self._more and not await self._batch()
        wait = self._patience.until_next(_now(), _LONGEST_WAIT) if idle else 0.0
        after = await self._blocking(lambda: self.state.cursor)
        began = _now()
        news = await self._unless_stopped(self.server.news(after, wait))
        if news is None:
            log.warning("the feed is another: from the beginning", action="feed_restarted", url=self.server.url)
            await self._blocking(self.state.forget)
            self._well()
            self._more = True
            return
        if news.more and news.cursor == after:
            raise HinderedError(f"{self.server.url} says that there is more and does not go on.")
        await self._blocking(self.state.take, news)
        self._well()
        for item in news.items:
            self._patience.forget(item.name)
        self._more = news.more
        # Whoever takes all of the news first does not make what is removed a moment later.
        if not news.more:
            await self._work_off(await self._batch())
            await self._tell()
        if idle and not news.items:
            # A server that is about to end, or something in between, does not wait.
            await self._unless_stopped(asyncio.sleep(min(wait, began + _LEAST_WAIT - _now())))

    async def _work_off(self, batch: Sequence[Task]) -> None:
        """Do what is to be done, and note each as soon as it is: an index that took an hour is not made again."""
        gate = asyncio.Semaphore(self.jobs)

        async def one(task: Task) -> str | None:
            async with gate:
                try:
                    await (self.keeper.drop(task) if task.item.commit is None else self.keeper.put(task))
                except KeepError as error:
                    return error.what
                return None

        working = {asyncio.create_task(one(task)): task for task in batch}
        try:
            while working:
                waiting = asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                ended, _ = await self._unless_stopped(waiting)
                await self._note([(working.pop(doing), doing.result()) for doing in ended])
        finally:
            for doing in working:
                doing.cancel()
            await asyncio.gather(*working, return_exceptions=True)

    async def _note(self, ended: Sequence[tuple[Task, str | None]]) -> None:
        done = [task for task, why in ended if why is None]
        failed = [(task, why) for task, why in ended if why is not None]
        await self._blocking(self.state.finish, done, failed)
        for task in done:
            self._patience.forget(task.item.name)
        for task, why in failed:
            seconds = self._patience.fail(task.item.name, _now())
            log.warning("failed", action="follow_failed", repository=task.item.name, error=why, seconds=seconds)

    async def _tell(self) -> None:
        """Run the command over what has changed."""
        if self.command is None or not self._patience.is_due(_COMMAND, _now()):
            return
        untold = await self._blocking(self.state.untold)
        if not untold:
            self._patience.forget(_COMMAND)
        paths = {str(self.place.clone(task.item.name)): task for task in untold}
        for portion in portions(list(paths)):
            try:
                await self._unless_stopped(self.command.tell(portion))
            except KeepError as error:
                seconds = self._patience.fail(_COMMAND, _now())
                log.warning("command failed", action="command_failed", error=error.what, seconds=seconds)
                return
            self._patience.forget(_COMMAND)
            await self._blocking(self.state.told, [paths[path] for path in portion])

    async def _batch(self) -> list[Task]:
        """What is to be done now."""
        now = _now()

        def look() -> list[Task]:
            return list(islice((t for t in self.state.pending() if self._patience.is_due(t.item.name, now)), _BATCH))

        return await self._blocking(look)

    async def _is_over(self) -> bool:
        """Whether all was done that could be, and the rest was tried often enough."""

        def is_open() -> bool:
            return any(not self._patience.is_given_up(task.item.name) for task in self.state.pending())

        if self._more or await self._blocking(is_open):
            return False
        return self._patience.is_given_up(_COMMAND) or not await self._is_untold()

    async def _is_untold(self) -> bool:
        return self.command is not None and bool(await self._blocking(self.state.untold))

    def _some_pending(self) -> bool:
        return next(self.state.pending(), None) is not None

    async def _hindered(self, error: HinderedError, *, once: bool) -> None:
        """Wait for better times."""
        self._failures += 1
        if once and (error.hopeless or self._failures > TRIES_AT_ONCE):
            raise error
        if str(error) not in self._said:
            self._said.add(str(error))
            log.warning("hindered", action="follow_hindered", error=str(error))
        delay = _AWAY.after(self._failures) or _AWAY.cap
        # RFC 9110, 10.2.3: the server says how long to wait.
        delay = max(delay, min(error.retry_after or 0.0, _LONGEST_AWAY))
        await self._unless_stopped(asyncio.sleep(delay * (1 + _SPREAD * random.random())))  # noqa: S311 - no secret

    def _well(self) -> None:
        if self._failures:
            log.info("not hindered any more", action="follow_goes_on")
        self._failures = 0
        self._said.clear()

    @contextmanager
    def _folder(self) -> Iterator[None]:
        """Say what is wrong with the folder where the system says only that something is."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise HinderedError(
                f"The directory {self.place.folder} cannot be used ({why}): it must be on a disk with room that this"
                " user may write to."
            ) from error

    async def _blocking(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        # Nothing of the state is cancelled: it ends before the next thing begins.
        return await asyncio.to_thread(work, *args, **kwargs)

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something that can be cancelled, as soon as ``stop`` is set."""
        doing, stopping = asyncio.create_task(work), asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise StoppedError
            return doing.result()
        finally:
            for task in (doing, stopping):
                task.cancel()
            await asyncio.gather(doing, stopping, return_exceptions=True)


def _now() -> float:
    return asyncio.get_running_loop().time()
