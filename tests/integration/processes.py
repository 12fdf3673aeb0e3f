"""Servers as processes of their own: started on a free port, waited for, and ended by their process id."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

_ENVIRONMENT = Path(sys.prefix) / "mirrors"
PROGRAMS = _ENVIRONMENT / "bin"
_START_SECONDS = 90.0
_ANSWER_SECONDS = 5.0
_END_SECONDS = 10.0
_POLL = 0.1
_SHOWN_CHARACTERS = 4000

# The test's own proxies, if it has any, are not for loopback.
_direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How to start a server: the program's name in the environment of the servers, and what follows it.

    ``ready`` is the path whose answer, whatever its status, shows that the server is up.
    """

    program: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/"


def require_mirrors() -> None:
    """Skip, or fail where the servers are required, unless their environment is there."""
    if not (_ENVIRONMENT / ".installed").exists():
        _missing("their environment is not installed; make test installs it")


def _missing(what: str) -> NoReturn:
    if "mirrors" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
        pytest.fail(f"The mirrors are required but missing: {what}")
    pytest.skip(f"The mirrors are missing: {what}")


@contextmanager
def serving(folder: Path, make: Callable[[int], Command]) -> Iterator[str]:
    """Start a server for a free port; gives its origin.

    It starts in ``folder`` with nothing of the tests' environment but the path to programs: no proxy and no setting
    of the machine's own leads it away from loopback.
    """
    require_mirrors()
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = make(port)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PROGRAMS / command.program, *command.arguments],
            cwd=folder,
            env=_environment(folder) | dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(process, f"{origin}{command.ready}", log)
            yield origin
        finally:
            _end(process)


def run_once(program: str, *arguments: str, folder: Path) -> None:
    """Run one of the servers' programs to its end."""
    ended = subprocess.run(
        [PROGRAMS / program, *arguments],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_START_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")[-_SHOWN_CHARACTERS:]


def ask(url: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None) -> int:
    """Send one request as the server's administrator would; returns the status."""
    request = Request(url, data=body, headers={"Accept": "*/*", **(headers or {})}, method=method)
    try:
        with _direct.open(request, timeout=_ANSWER_SECONDS) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        with error:
            return error.code


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUNBUFFERED": "1"}


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            ask(url)
        except (OSError, http.client.HTTPException):
            time.sleep(_POLL)
        else:
            return
    said = log.read_text(errors="replace")[-_SHOWN_CHARACTERS:]
    pytest.fail(f"{Path(str(process.args[0])).name} does not start:\n{said}")  # type: ignore[index]  # a list, above


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def refusing() -> Iterator[str]:
    """The origin of a server that is down: its port is taken, so that nobody else gets it, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
