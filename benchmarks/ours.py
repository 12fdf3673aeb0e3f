"""The product's converter as a child process runs it: one call, with its own account of CPU time."""

import os
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.archives import Distribution
from benchmarks.gitrun import TAG
from codehost.ingest import ingest
from codehost.model.members import GIB, IngestRequest, Limits

# The other ways skip nothing for its size: neither do we here.
LIMITS = Limits(member_bytes=2 * GIB, file_bytes=16 * GIB, unpacked_bytes=64 * GIB, members=5_000_000)
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one call made; ``cpu`` in seconds, user and system, of the process that made it."""

    repository: str
    tree: str
    cpu: float


def ingest_one(distribution: Distribution, repository: str) -> Answer:
    """Turn one distribution file into the bare repository ``repository``."""
    request = IngestRequest(
        archive=str(distribution.path),
        filename=distribution.path.name,
        sha256=distribution.sha256,
        repository=repository,
        tag=TAG,
        limits=LIMITS,
    )
    before = cpu_seconds()
    report = ingest(request)
    return Answer(repository=repository, tree=report.tree, cpu=cpu_seconds() - before)


def cpu_seconds() -> float:
    """User and system seconds of this process and of the children it has waited for."""
    accounts = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(account.ru_utime + account.ru_stime for account in accounts)


@contextmanager
def warm_pool(processes: int, first: Distribution, scratch: Path) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes have all started, imported the converter and used it once on ``first``."""
    context = get_context("forkserver")
    barrier = context.Barrier(processes + 1)
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_warm_up, initargs=(barrier, first, str(scratch))
    ) as pool:
        # A pool starts a process for each task that finds none idle; none is idle before the barrier opens.
        started = [pool.submit(os.getpid) for _ in range(processes)]
        barrier.wait(_START_SECONDS)
        for future in started:
            future.result()
        yield pool


def _warm_up(barrier: Barrier, first: Distribution, scratch: str) -> None:
    try:
        ingest_one(first, f"{scratch}/warm-{os.getpid()}.git")
    except Exception:
        # Whoever waits at the barrier must hear of it, or the command would hang.
        barrier.abort()
        raise
    barrier.wait(_START_SECONDS)
