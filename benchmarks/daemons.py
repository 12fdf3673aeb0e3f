"""A daemon as a process of its own, for benchmarks: started, looked at from outside, and stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loopback import ROOT
from benchmarks.processes import read_stats, resident, tree
from benchmarks.profiles import command_line

_POLL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running worker or server."""

    process: "subprocess.Popen[bytes]"
    errors: Path

    def cpu(self) -> float:
        """CPU seconds, user and system, of the worker and its children that are alive."""
        stats = read_stats()
        pids = tree(self.process.pid, {pid: stat.parent for pid, stat in stats.items()})
        return sum(stats[pid].cpu for pid in pids)

    def memory(self) -> tuple[int, int]:
        """Resident bytes of the worker's own process, and of the largest of its children."""
        own, *others = tree(self.process.pid, {pid: stat.parent for pid, stat in read_stats().items()})
        return resident(own), max(map(resident, others), default=0)

    def until(self, met: Callable[[], bool], seconds: float) -> float:
        """Wait until it is met; return after how many seconds.

        Raises:
            RuntimeError: it is not met in time, or the worker has ended.
        """
        began = time.perf_counter()
        while not met():
            passed = time.perf_counter() - began
            if passed > seconds or self.process.poll() is not None:
                raise RuntimeError(f"not met after {passed:.0f} s: {self.errors.read_text()[-2_000:]}")
            time.sleep(_POLL)
        return time.perf_counter() - began


@contextmanager
def working(folder: Path, url: str | None, *options: str) -> Iterator[Daemon]:
    """Run ``codehost worker`` with its data below ``folder``, and stop it at the end."""
    with _running(folder, url, "worker", "--http", "none", *options) as daemon:
        yield daemon


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Daemon]:
    """Run ``codehost serve`` with its data below ``folder`` on this port of the loopback interface."""
    with _running(folder, None, "serve", "--listen", f"127.0.0.1:{port}") as daemon:
        yield daemon


@contextmanager
def _running(folder: Path, url: str | None, name: str, *options: str) -> Iterator[Daemon]:
    errors = folder / f"{name}.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CODEHOST_")}
    if url is not None:
        environment["CODEHOST_DATABASE_URL"] = url
    command = command_line(name, "--data-dir", str(folder / "data"), *options)
    with (
        errors.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=output) as process,
    ):
        try:
            yield Daemon(process=process, errors=errors)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
