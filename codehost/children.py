"""Child processes that turn archives into repositories, each under limits of the operating system.

A hostile or broken archive can kill a child, never the program: memory, CPU time, wall time and the size of written
files are bounded by the kernel, and a child whose parent is gone ends itself.
"""

import asyncio
import errno
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.process import parent_process
from pathlib import Path
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from codehost.ingest import ingest
from codehost.model.errors import Failure, Reason
from codehost.model.members import GIB, IngestReport, IngestRequest, Limits

_TRIES = 2
_LOOK_SECONDS = 1.0
# What an interpreter needs to start as its parent did; a configuration may refer to any other variable as a secret.
_FOR_CHILDREN = frozenset(
    {
        *("HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ"),
        *("LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """Bounds for one child: address space and written files in bytes, times in seconds for one archive."""

    memory_bytes: int = 1 * GIB
    file_bytes: int = 9 * GIB
    cpu_seconds: int = 600
    wall_seconds: int = 900


def child_limits(limits: Limits) -> ChildLimits:
    """Bounds that leave room for everything ``limits`` allows: a few members in memory, and all of them in the pack."""
    return ChildLimits(
        memory_bytes=1 * GIB + 4 * limits.member_bytes,
        file_bytes=1 * GIB + limits.unpacked_bytes,
    )


class ChildPool:
    """A fixed number of children, replaced when they die. ``ingest`` may be called any number of times at once."""

    def __init__(self, children: int | None = None, limits: ChildLimits | None = None) -> None:
        self._children = children or len(os.sched_getaffinity(0))
        self._limits = limits or ChildLimits()
        self._pool = self._make_pool()
        self._mending = asyncio.Lock()
        self._running: set[ProcessFuture[IngestReport]] = set()

    def _make_pool(self) -> ProcessPool:
        # A fork server: quick starts, and none of the parent's threads, connections or secrets in the children.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        _start_fork_server()
        return ProcessPool(
            max_workers=self._children, initializer=_prepare_child, initargs=(self._limits,), context=context
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whoever still waits learns that it was cancelled, and not that a pool broke.
        for future in tuple(self._running):
            future.cancel()  # type: ignore[no-untyped-call]
        self._pool.stop()  # type: ignore[no-untyped-call]
        await asyncio.to_thread(self._pool.join)

    async def ingest(self, request: IngestRequest) -> IngestReport:
        """Run ``codehost.ingest.ingest`` in a child. Cancelling kills the child.

        Raises:
            Failure: what the child raised, or ``crashed`` when it died or exceeded its limits.
            OSError: the child could not write.
        """
        for _ in range(_TRIES):
            pool = self._pool
            try:
                return await self._run(pool, request)
            except BrokenProcessPool:
                # A child that is killed while it has no work takes pebble's whole pool along; no job is at fault.
                await self._replace(pool)
            if await asyncio.to_thread(Path(request.repository).exists):
                break
        raise Failure(Reason.INTERNAL, "the child processes were lost before the archive was read")

    async def _replace(self, broken: ProcessPool) -> None:
        async with self._mending:
            if self._pool is broken:
                broken.stop()  # type: ignore[no-untyped-call]
                await asyncio.to_thread(broken.join)
                self._pool = self._make_pool()

    async def _run(self, pool: ProcessPool, request: IngestRequest) -> IngestReport:
        limits = self._limits
        try:
            future = pool.schedule(_run_in_child, args=[request, limits.cpu_seconds], timeout=limits.wall_seconds)
        except RuntimeError as error:  # it broke while it had no work
            raise BrokenProcessPool from error
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        try:
            return await _outcome(pool, future)
        except TimeoutError:
            raise _crash(f"took longer than {limits.wall_seconds} s") from None
        except MemoryError:
            raise _crash(f"needed more than {limits.memory_bytes >> 20} MiB of memory") from None
        except ProcessExpired as expired:
            code = expired.exitcode
            raise _crash(_death(-code) if isinstance(code, int) and code < 0 else f"ended with status {code}") from None
        except OSError as error:  # after its relatives above
            if error.errno != errno.EFBIG:
                raise
            raise Failure(Reason.TOO_LARGE, f"the repository would exceed {limits.file_bytes} bytes") from None


async def _outcome(pool: ProcessPool, future: ProcessFuture[IngestReport]) -> IngestReport:
    waiting = asyncio.wrap_future(future)
    try:
        # pebble forgets a job that it is given in the moment when it breaks: nobody would ever end its future.
        while not (await asyncio.wait((waiting,), timeout=_LOOK_SECONDS))[0]:
            if not pool.active:
                raise BrokenProcessPool
        return waiting.result()
    finally:
        waiting.cancel()


class _BareForkServer(forkserver.ForkServer):
    """A fork server that is always started under the bare environment: also anew, by the library, when it died."""

    _starting = threading.Lock()
    _forkserver_pid: int | None

    def ensure_running(self) -> None:
        with self._starting:
            # While it lives nothing is started, and the environment of other threads' processes is left alone.
            if not self._is_alive():
                with _bare_environment():
                    super().ensure_running()

    def _is_alive(self) -> bool:
        pid = self._forkserver_pid
        # WNOWAIT: whoever starts the next one collects the dead one.
        return pid is not None and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _start_fork_server() -> None:
    # The library has one for the whole process and offers no way to give it an environment, or another class.
    server = forkserver._forkserver  # noqa: SLF001
    server.__class__ = _BareForkServer
    server.ensure_running()


@contextmanager
def _bare_environment() -> Iterator[None]:
    """Processes that are started meanwhile get no variable that may hold a secret.

    ``os.environ`` stays whole, because other threads may be reading it: only what processes inherit changes.
    """
    for name in os.environ.keys() - _FOR_CHILDREN:
        os.unsetenv(name)
    try:
        yield
    finally:
        for name, value in os.environ.items():
            os.putenv(name, value)


def _crash(what: str) -> Failure:
    return Failure(Reason.CRASHED, f"the child process that read the archive {what}")


def _death(number: int) -> str:
    if number == signal.SIGXCPU:
        return "used up its CPU time"
    return f"was killed by {signal.Signals(number).name}"


def _prepare_child(limits: ChildLimits) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, bound in ((resource.RLIMIT_AS, limits.memory_bytes), (resource.RLIMIT_FSIZE, limits.file_bytes)):
        resource.setrlimit(kind, (_allowed(kind, bound), _allowed(kind, bound)))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _allowed(kind: int, bound: int) -> int:
    # What this process was given may be less; only root could raise it.
    _, hard = resource.getrlimit(kind)
    return bound if hard == resource.RLIM_INFINITY else min(bound, hard)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


def _run_in_child(request: IngestRequest, cpu_seconds: int) -> IngestReport:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # The limit counts the process's whole life, which may be many archives.
    resource.setrlimit(resource.RLIMIT_CPU, (_allowed(resource.RLIMIT_CPU, spent + cpu_seconds + 1), hard))
    return ingest(request)
