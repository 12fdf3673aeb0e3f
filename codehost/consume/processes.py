"""One run of a program: a process group of its own, which is gone when the call ends."""

import asyncio
import os
import signal
import tempfile
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from codehost.model.texts import printable

_TAIL = 4_096
_SHOWN = 500
# How long it may take to end when it is told to.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended: its exit status, negative for a signal's number, and the last line that it has written."""

    status: int
    last: str


async def run(command: Sequence[str], environment: Mapping[str, str], *, seconds: float | None = None) -> Ended:
    """Run a program to its end; cancelling ends it.

    Raises:
        OSError: it cannot be started.
        TimeoutError: it took longer than so many seconds, and was ended.
    """
    # No pipe: whatever it leaves running could keep one open.
    with tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=DEVNULL, stdout=said, stderr=STDOUT, process_group=0
        )
        try:
            async with asyncio.timeout(seconds):
                status = await process.wait()
        finally:
            if process.returncode is None:
                ending = asyncio.create_task(_end(process))
                # Whoever is cancelled again must not leave it behind.
                while not ending.done():
                    with suppress(asyncio.CancelledError):
                        await asyncio.wait([ending])
        return Ended(status=status, last=_last_line(said))


async def _end(process: Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE)
            return


def _last_line(said: IO[bytes]) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - _TAIL))
    lines = [line for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return printable(lines[-1].strip(), _SHOWN) if lines else ""
