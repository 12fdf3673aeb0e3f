"""The program without its imports, which take most of a short run's time: a process that has them, and forks.

A run that is forked is a process like any other: its own session, folder, environment and output; it can be signalled,
stopped and killed, and starts children of its own. What differs is its command line in ``ps``, and that what is done to
a start, such as by a ``sitecustomize``, has not been done to it.
"""

import asyncio
import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).parents[2]
_MODULES = (
    *(
        "export",
        "follow",
        "hosts",
        "jobs",
        "keys",
        "looking",
        "mirrors",
        "search",
        "serve",
        "starting",
        "syncing",
        "tokens",
        "worker",
    ),
)


@dataclass(slots=True, kw_only=True)
class Forked:
    """A run that was forked; it has of ``asyncio.subprocess.Process`` what a run needs."""

    pid: int
    _ended: "asyncio.Task[int]" = field(repr=False)

    @property
    def returncode(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def fork(
    arguments: Sequence[str], environment: Mapping[str, str], output: Path, errors: Path, *, module: str = "codehost"
) -> Forked:
    """Start a module with these arguments; what it writes goes into these files."""
    reader, writer = await asyncio.open_unix_connection(_address(await asyncio.to_thread(forker)))
    for file in (output, errors):
        file.touch()
    asked = {
        "module": module,
        "arguments": list(arguments),
        "environment": dict(environment),
        "folder": str(ROOT),
        "descriptors": [os.devnull, str(output), str(errors)],
    }
    writer.write(f"{json.dumps(asked)}\n".encode())
    pid = int(await reader.readline())
    return Forked(pid=pid, _ended=asyncio.create_task(_end(reader, writer)))


async def _end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    try:
        return int(await reader.readline())
    finally:
        writer.close()


def _address(name: str) -> str:
    # unix(7): a name in the abstract namespace, which leaves no file behind.
    return f"\0{name}"


@cache
def forker() -> str:
    """Where the forking process of this one listens."""
    name = f"codehost-tests-{uuid4().hex}"
    command = [sys.executable, "-m", __spec__.name, name]
    # It ends when its input does.
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    atexit.register(_stop, process)
    assert process.stdout is not None
    if not process.stdout.readline():
        raise ChildProcessError("the process that forks others does not start")
    return name


def _stop(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


def main(name: str) -> None:
    """Fork whenever it is asked for, as long as somebody may ask."""
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    for module in _MODULES:
        import_module(f"codehost.cli.{module}")
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(_address(name))
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                if not os.fork():
                    listener.close()
                    _attend(connection)
            _reap()
    _reap()


def _reap() -> None:
    """Those that have ended leave their times of use with us."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _attend(connection: socket.socket) -> None:
    """Fork the run, and say who it is and how it ended."""
    with connection.makefile() as lines:
        asked = json.loads(lines.readline())
    pid = os.fork()
    if not pid:
        connection.close()
        _become(asked)
    with suppress(OSError):
        connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(asked: dict[str, Any]) -> None:
    os.setsid()
    for number, path in enumerate(asked["descriptors"]):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND if number else os.O_RDONLY)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv[1:] = asked["arguments"]
    runpy.run_module(asked.get("module", "codehost"), run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    main(sys.argv[1])
