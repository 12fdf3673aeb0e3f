"""The real program as a subprocess: started, watched, signalled, and what it said."""

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.acceptance.forks import Forked, fork

ROOT = Path(__file__).parents[2]
_PATIENCE = 120.0
_POLL = 0.01
# proc(5), /proc/pid/stat: behind the name in parentheses come state, parent, process group, session.
_SESSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a run ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def said(self) -> str:
        """Everything that it wrote."""
        return f"{self.stderr}\n{self.stdout}"


@dataclass(slots=True, kw_only=True)
class Running:
    """A run under way. It leads a session of its own, so that all its processes can be found."""

    process: asyncio.subprocess.Process | Forked
    output: Path
    errors: Path

    async def until(self, met: Callable[[], bool], seconds: float = _PATIENCE) -> bool:
        """Wait until ``met`` holds or the program ends; returns whether it holds."""
        async with asyncio.timeout(seconds):
            while not met() and self.process.returncode is None:  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(_POLL)
        return met()

    async def until_said(self, text: str) -> bool:
        """Wait until the program has written ``text`` on standard error, or ends."""
        return await self.until(lambda: text in self.errors.read_text())

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program's own process, not to its children."""
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def finished(self, seconds: float = _PATIENCE) -> Finished:
        """Wait for the end."""
        try:
            status = await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise
        return Finished(status=status, stdout=self.output.read_text(), stderr=self.errors.read_text())

    async def gone(self, seconds: float = 10.0) -> float:
        """Wait until no process of the run is left; returns how many seconds that took."""
        started = time.monotonic()
        async with asyncio.timeout(seconds):
            while self.processes():  # noqa: ASYNC110 - other processes do it
                await asyncio.sleep(_POLL)
        return time.monotonic() - started

    def processes(self) -> list[int]:
        """The ids of all processes of the run that are alive, children's children too."""
        return [pid for pid in _all_processes() if self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        fields = stat.rpartition(")")[2].split()
        return int(fields[_SESSION]) == self.process.pid and fields[0] not in "ZX"


@dataclass(slots=True, kw_only=True)
class Desk:
    """One data directory, one configuration file, and the output of every run.

    ``forks``: runs are forked from a process that has imported the program, for tests in which it is started often.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    forks: bool = False
    _runs: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def config(self) -> Path:
        return self.folder / "host.json"

    def configure(self, urls: Sequence[object], pins: Sequence[str], **more: object) -> None:
        """Write the configuration file."""
        self.config.write_text(json.dumps({"urls": list(urls), "dependencies": list(pins), **more}))

    def adopt(self, data: Path) -> None:
        """Begin with a copy of a data directory."""
        shutil.copytree(data, self.data)

    async def start(self, *arguments: str, wrapper: Sequence[str] = ()) -> Running:
        """Start a command; ``wrapper`` is a program that runs it."""
        number = next(self._runs)
        output, errors = self.folder / f"{number}.out", self.folder / f"{number}.err"
        if self.forks and not wrapper:
            forked = await fork(arguments, self._environment(), output, errors)
            return Running(process=forked, output=output, errors=errors)
        command = [*wrapper, sys.executable, "-m", "codehost", *arguments]
        with output.open("wb") as out, errors.open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        return Running(process=process, output=output, errors=errors)

    async def run(self, *arguments: str, wrapper: Sequence[str] = ()) -> Finished:
        """Run a command to its end."""
        return await (await self.start(*arguments, wrapper=wrapper)).finished()

    async def start_sync(self, *options: str, wrapper: Sequence[str] = ()) -> Running:
        """Start ``codehost sync --json`` for the configuration file."""
        return await self.start("sync", str(self.config), *self.place, "--json", *options, wrapper=wrapper)

    async def sync(self, *options: str, wrapper: Sequence[str] = ()) -> Finished:
        """Run ``codehost sync --json`` to its end."""
        return await (await self.start_sync(*options, wrapper=wrapper)).finished()

    async def verify(self, *options: str) -> Finished:
        """Run ``codehost verify`` to its end."""
        return await self.run("verify", *self.place, *options)

    @property
    def place(self) -> tuple[str, str]:
        return "--data-dir", str(self.data)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CODEHOST_")}
        # Rich prints for a terminal of this width where it cannot ask.
        return inherited | {"COLUMNS": "200"} | dict(self.environment)


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
