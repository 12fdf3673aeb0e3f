"""One run of git: a process group of its own, which is gone, with its pipes, when the context ends."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 65_536
_PIPE_LIMIT = 2 * CHUNK
_MOST_COMPLAINTS = 4096


@dataclass(slots=True, kw_only=True)
class Git:
    """A process of git. What it says on its standard error is kept up to a bound, for the log."""

    process: Process
    complaints: bytearray = field(default_factory=bytearray)

    async def read(self) -> bytes:
        """The next piece of its output; empty at the end."""
        assert self.process.stdout is not None  # noqa: S101 - it is started with a pipe
        return await self.process.stdout.read(CHUNK)

    async def write(self, data: bytes) -> bool:
        """Feed it; False when it reads no more."""
        assert self.process.stdin is not None  # noqa: S101 - likewise
        try:
            self.process.stdin.write(data)
            await self.process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def end_of_input(self) -> None:
        """Nothing more is fed."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    async def wait(self) -> int:
        """Its exit status; negative for a signal's number."""
        return await self.process.wait()

    def kill(self) -> None:
        """End it, and what it has started."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@asynccontextmanager
async def running_git(command: Sequence[str], environment: Mapping[str, str], *, fed: bool) -> AsyncIterator[Git]:
    """Run git while the context lasts; ``fed`` says whether it gets a standard input.

    Raises:
        OSError: it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        cwd="/",
        stdin=PIPE if fed else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        process_group=0,
        limit=_PIPE_LIMIT,
    )
    git = Git(process=process)
    listening = asyncio.create_task(_listen(git))
    try:
        yield git
    finally:
        git.kill()
        # Whoever is cancelled must not leave a zombie or an open pipe behind.
        await _uninterrupted(asyncio.create_task(_reap(git, listening)))


async def _listen(git: Git) -> None:
    assert git.process.stderr is not None  # noqa: S101 - it is started with a pipe
    while data := await git.process.stderr.read(_MOST_COMPLAINTS):
        git.complaints += data[: _MOST_COMPLAINTS - len(git.complaints)]


async def _reap(git: Git, listening: "asyncio.Task[None]") -> None:
    git.end_of_input()
    # A pipe that is not read to its end is not closed.
    while await git.read():
        pass
    await listening
    await git.wait()


async def _uninterrupted(task: "asyncio.Task[None]") -> None:
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
