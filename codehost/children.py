"""Child processes that turn archives into repositories, each under limits of the operating system.

A hostile or broken archive can kill a child, never the program: memory, CPU time, wall time, the size of written files
and the number of open ones are bounded, all but wall time by the kernel. A child starts no processes, gains no
privileges, leaves no core, and ends itself when its parent is gone.
"""

import asyncio
import ctypes
import errno
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from multiprocessing.process import parent_process
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from codehost.ingest import ingest
from codehost.model.errors import Failure, Reason
from codehost.model.members import GIB, MIB, IngestReport, IngestRequest, Limits
from codehost.model.texts import printable

T = TypeVar("T")

_TRIES = 2
_LOOK_SECONDS = 1.0
# A child that ran out of memory says so by this status. It is of no more use: what is left to it is in pieces.
_OUT_OF_MEMORY = 88
_OPEN_FILES = 64
_NO_NEW_PRIVILEGES = 38
_MAX_NAME = 200
# Below what any machine does: bytes read, hashed and deflated in a second of processor time, and members.
_BYTES_EACH_SECOND = 16 * MIB
_MEMBERS_EACH_SECOND = 10_000
# At least what one member takes in memory, and one directory.
_MEMBER_BYTES = 1024
_DIRECTORY_BYTES = 1024
# What an interpreter needs to start as its parent did; a configuration may refer to any other variable as a secret.
_FOR_CHILDREN = frozenset(
    {
        *("HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ"),
        *("LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """Bounds for one child: address space and each written file in bytes, times in seconds for one archive."""

    memory_bytes: int = 1 * GIB
    file_bytes: int = 9 * GIB
    cpu_seconds: int = 600
    wall_seconds: int = 900


def child_limits(limits: Limits) -> ChildLimits:
    """Bounds that leave room for everything ``limits`` allows: a few members in memory, and all of them in the pack.

    They grow with ``limits``: whoever needs a release that costs more raises these.
    """
    cpu_seconds = 60 + limits.unpacked_bytes // _BYTES_EACH_SECOND + limits.members // _MEMBERS_EACH_SECOND
    return ChildLimits(
        memory_bytes=GIB // 2
        + 4 * (limits.member_bytes + limits.name_bytes)
        + _MEMBER_BYTES * limits.members
        + _DIRECTORY_BYTES * limits.directories,
        file_bytes=1 * GIB + limits.unpacked_bytes,
        cpu_seconds=cpu_seconds,
        wall_seconds=cpu_seconds * 3 // 2,
    )


class ChildPool:
    """A fixed number of children, replaced when they die. ``ingest`` may be called any number of times at once."""

    def __init__(self, children: int | None = None, limits: ChildLimits | None = None) -> None:
        self._children = children or len(os.sched_getaffinity(0))
        self._limits = limits or ChildLimits()
        self._pool = make_pool(self._children, self._limits, __name__)
        self._mending = asyncio.Lock()
        self._running: set[ProcessFuture[IngestReport]] = set()

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
            Failure: what the child raised; ``too-large`` when it exceeded its memory, its processor time or the size
                of a file, which all follow from the request's limits; ``crashed`` when it died or stood still.
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
                self._pool = make_pool(self._children, self._limits, __name__)

    async def _run(self, pool: ProcessPool, request: IngestRequest) -> IngestReport:
        limits = self._limits
        try:
            future = pool.schedule(_run_in_child, args=[request, limits.cpu_seconds])
        except RuntimeError as error:  # it broke while it had no work
            raise BrokenProcessPool from error
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        try:
            return await outcome(pool, future, limits.wall_seconds)
        except TimeoutError:
            raise _too_slow(request, limits) from None
        except ProcessExpired as expired:
            raise _death(request, limits, expired.exitcode) from None
        except OSError as error:  # after its relatives above
            if error.errno != errno.EFBIG:
                raise
            what = f"the repository of {_name(request)} would exceed {limits.file_bytes} bytes"
            raise Failure(Reason.TOO_LARGE, what) from None


def make_pool(children: int, limits: ChildLimits, preload: str, max_tasks: int = 0) -> ProcessPool:
    """A pool of children. They start with the module ``preload``, and each ends after so many tasks; 0: it stays."""
    # A fork server: quick starts, and none of the parent's threads, connections or secrets in the children.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    start_fork_server()
    return ProcessPool(
        max_workers=children, max_tasks=max_tasks, initializer=prepare_child, initargs=(limits,), context=context
    )


async def outcome(pool: ProcessPool, future: ProcessFuture[T], seconds: float) -> T:
    """What a child makes of a job. One that is not done so long after it began is killed, as when this is cancelled.

    The pool has a limit of its own, by a clock that people set: forward, and all that is under way would be late.

    Raises:
        TimeoutError: it was not done in time.
        BrokenProcessPool: the pool is of no more use, and the job lost.
        ProcessExpired: the child died.
    """
    waiting = asyncio.wrap_future(future)
    look = min(_LOOK_SECONDS, seconds / 8)
    begun: float | None = None
    try:
        # pebble forgets a job that it is given in the moment when it breaks: nobody would ever end its future.
        while not (await asyncio.wait((waiting,), timeout=look))[0]:
            if not pool.active:
                raise BrokenProcessPool
            if begun is None and future.running():
                begun = time.monotonic()
            if begun is not None and time.monotonic() - begun >= seconds:
                raise TimeoutError
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


def start_fork_server() -> None:
    """Have a fork server for this process, whose children inherit no variable that may hold a secret."""
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


def _name(request: IngestRequest) -> str:
    return printable(request.filename, _MAX_NAME)


def _too_slow(request: IngestRequest, limits: ChildLimits) -> Failure:
    # Its processor time was not used up: so it waited, for the disk or for a processor, or stood still.
    what = f"the child process that read {_name(request)} was not done after {limits.wall_seconds} s and was stopped"
    return Failure(Reason.CRASHED, what)


def _death(request: IngestRequest, limits: ChildLimits, status: int | None) -> Failure:
    name = _name(request)
    if status == _OUT_OF_MEMORY:
        what = f"{name} takes more than {limits.memory_bytes >> 20} MiB of memory to read, the bound that limits gives"
        return Failure(Reason.TOO_LARGE, what)
    if status == -signal.SIGXCPU:
        what = f"{name} takes more than {limits.cpu_seconds} s of processor time to read, the bound that limits gives"
        return Failure(Reason.TOO_LARGE, what)
    how = (
        f"was killed by {_signal_name(-status)}" if status is not None and status < 0 else f"ended with status {status}"
    )
    return Failure(Reason.CRASHED, f"the child process that read {name} {how}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals, which have no names
        return f"signal {number}"


def prepare_child(limits: ChildLimits) -> None:
    """Bind the process that calls this, a child, by ``limits`` and by its parent's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _renounce_privileges()
    for kind, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        # Of processes and threads no more than there are. For root the kernel does not count.
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (_allowed(kind, bound), _allowed(kind, bound)))


def _renounce_privileges() -> None:
    if sys.platform == "linux":
        # prctl(2), PR_SET_NO_NEW_PRIVS: no program that this process could start would gain any.
        ctypes.CDLL(None, use_errno=True).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


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
    try:
        return ingest(request)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    finally:
        # It must not end in the middle of its answer, with the lock on the pipe that all children share.
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
