"""A terminal for a page's examples: a shell, a server when the page starts one, and a mirror in place of PyPI."""

import asyncio
import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from codehost.app import looking
from codehost.app.storage import Storage
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.jobs import JobState
from codehost.model.status import Status
from tests.acceptance.forks import forker

PYPI = "https://pypi.org/simple"
SERVER = "127.0.0.1:3434"
_PATIENCE = 60.0
_POLL = 0.05
_ASK = Path(__file__).with_name("ask.py")
_UNDER_WAY = (JobState.QUEUED, JobState.PROCESSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended, and what it wrote, in the page's words."""

    status: int
    text: str


@dataclass(slots=True, kw_only=True)
class Terminal:
    """``folder`` is where commands run, and their HOME. ``codehost serve`` goes on in the background."""

    folder: Path
    mirror: str
    port: int
    _shell: "subprocess.Popen[str] | None" = None
    _server: "subprocess.Popen[bytes] | None" = None
    _data: Path = Path()
    _starts: list[Path] = field(default_factory=list)

    def run(self, command: str) -> Said:
        """Run a command as a page has it. What the server works on has ended before."""
        self.settle()
        real = self.really(command)
        words = shlex.split(real, comments=True) if "codehost serve" in real else []
        if words[:1] and Path(words[0]).name == "codehost" and words[1] == "serve":
            self._serve(words)
            return Said(status=0, text="")
        return self._ask(real)

    def really(self, text: str) -> str:
        """The page's addresses, as they are here."""
        return text.replace(SERVER, f"127.0.0.1:{self.port}").replace(PYPI, self.mirror).replace(".venv/bin/", "")

    def as_shown(self, text: str) -> str:
        """Our addresses, as the page has them."""
        return text.replace(f"127.0.0.1:{self.port}", SERVER).replace(self.mirror, PYPI)

    def settle(self) -> None:
        """Wait until the workers have nothing to do that they could."""
        deadline = time.monotonic() + _PATIENCE
        while self._server is not None and not _settled(self._status()):
            assert self._server.poll() is None, self._starts[-1].read_text()
            assert time.monotonic() < deadline, self._starts[-1].read_text()
            time.sleep(_POLL)

    def _status(self) -> Status | None:
        with contextlib.suppress(UserError):
            return asyncio.run(looking.status(Storage(data=DataDirectory(self._data), database_url=None)))
        return None

    def _serve(self, words: Sequence[str]) -> None:
        self.stop()
        self._data = self.folder / (words[words.index("--data-dir") + 1] if "--data-dir" in words else "data")
        log = self.folder / f"serve-{len(self._starts)}.log"
        self._starts.append(log)
        listen = () if "--listen" in words else ("--listen", f"127.0.0.1:{self.port}")
        with log.open("wb") as errors:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "codehost", *words[1:], *listen],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stderr=errors,
            )
        begun = "host_opened" if "--config" in words else "serve_started"
        deadline = time.monotonic() + _PATIENCE
        while begun not in log.read_text():
            assert self._server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(_POLL)

    def stop(self) -> None:
        """End the server as Ctrl-C does, and see that it has ended well."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            status = self._server.wait(_PATIENCE)
            self._server = None
            assert status == 0, self._starts[-1].read_text()

    def close(self) -> None:
        """End everything."""
        if self._shell is not None:
            self._shell.kill()
            self._shell.communicate()
        self.stop()

    def _ask(self, command: str) -> Said:
        if self._shell is None:
            self._shell = self._new_shell()
        script, output = self.folder / ".step.sh", self.folder / ".step.out"
        script.write_text(f"{command}\n", encoding="utf-8")
        # Whoever opens it anew, as a forked run does, goes on at its end: so does the shell.
        output.write_bytes(b"")
        assert self._shell.stdin is not None
        # Variables and functions stay for the commands to come.
        self._shell.stdin.write(
            f". {shlex.quote(str(script))} >> {shlex.quote(str(output))} 2>&1 < /dev/null; echo $?\n"
        )
        self._shell.stdin.flush()
        status = self._answer()
        return Said(status=int(status), text=self.as_shown(output.read_text(encoding="utf-8")))

    def _answer(self) -> str:
        assert self._shell is not None
        assert self._shell.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._shell.stdout, selectors.EVENT_READ)
            assert selector.select(_PATIENCE), "the command does not end"
        return self._shell.stdout.readline()

    def _new_shell(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def environment(self) -> dict[str, str]:
        """Nothing of this machine's but what it takes to run: pip's settings name the mirror."""
        return {
            "HOME": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self.mirror,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "120",
        }


def _settled(status: Status | None) -> bool:
    if status is None:
        return False
    records = [host.record for host in status.hosts]
    under_way = any(not one.host.paused and one.counts[state] for one in records for state in _UNDER_WAY)
    return not under_way and not any(one.host.due for one in records)


@contextmanager
def terminal(folder: Path, mirror: str, port: int) -> Iterator[Terminal]:
    """A terminal where ``codehost`` is a command."""
    program = folder / "bin" / "codehost"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{_ASK}" "{forker()}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    made = Terminal(folder=folder, mirror=mirror, port=port)
    try:
        yield made
    finally:
        made.close()
