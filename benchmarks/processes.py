"""A command as a whole: its seconds, and the memory and CPU time of all its processes, from /proc.

Memory is the kernel's own account. Of one process: ``VmHWM``, the most that was ever resident at once. Of all
together: the sum of ``Pss``, in which pages shared by n processes count as 1/n in each, at the worst of the samples.
"""

import os
import re
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.1

_PROC = Path("/proc")
_KIB = 1024
_TICKS = os.sysconf("SC_CLK_TCK")
_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_RESIDENT = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)
_PROPORTIONAL = re.compile(r"^Pss:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """What /proc/PID/stat says: the parent, and user and system time in seconds."""

    parent: int
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a command took. Memory in bytes, times in seconds.

    ``main_peak`` is that of the command's own process, ``child_peak`` that of the largest of its descendants (0
    without any), ``together_peak`` of all at once. CPU time is user and system, as last seen in the samples.
    """

    status: int
    output: str
    errors: str
    seconds: float
    main_peak: int
    child_peak: int
    together_peak: int
    main_cpu: float
    children_cpu: float


@dataclass(slots=True, kw_only=True)
class Account:
    """What the samples of a process tree add up to."""

    root: int
    peaks: dict[int, int] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)
    together: int = 0

    def sample(self) -> None:
        """Look at every process of the tree once; those that end meanwhile keep what was seen of them."""
        stats = read_stats()
        together = 0
        for pid in tree(self.root, {pid: stat.parent for pid, stat in stats.items()}):
            self.cpu[pid] = stats[pid].cpu
            self.peaks[pid] = max(self.peaks.get(pid, 0), _kilobytes(pid, "status", _HIGH_WATER))
            together += _kilobytes(pid, "smaps_rollup", _PROPORTIONAL)
        self.together = max(self.together, together)


def parse_stat(text: str) -> Stat:
    """Read /proc/PID/stat (proc(5)); the name in brackets may hold spaces and brackets itself."""
    fields = text.rpartition(")")[2].split()
    # The first of these is field 3: the parent is field 4, the times are fields 14 and 15.
    return Stat(parent=int(fields[1]), cpu=(int(fields[11]) + int(fields[12])) / _TICKS)


def tree(root: int, parents: Mapping[int, int]) -> list[int]:
    """The process ``root`` and all its descendants among ``parents``, which maps processes to their parents."""
    found = [root] if root in parents else []
    for pid in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def resident(pid: int) -> int:
    """The bytes of a process that are resident now; 0 if it has ended."""
    return _kilobytes(pid, "status", _RESIDENT)


def read_stats() -> dict[int, Stat]:
    """Every process there is."""
    stats: dict[int, Stat] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (text := _read(entry / "stat")):
            stats[int(entry.name)] = parse_stat(text)
    return stats


def watch(command: Sequence[str], folder: Path, *, outputs: Path) -> Watched:
    """Run a command in ``folder`` and watch it; what it prints goes through files below ``outputs``."""
    printed, complained = outputs / "stdout", outputs / "stderr"
    with printed.open("wb") as output, complained.open("wb") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=errors)
        account = Account(root=process.pid)
        over = threading.Event()
        sampler = threading.Thread(target=_sample_until, args=(account, over))
        sampler.start()
        try:
            status = process.wait()
            seconds = time.perf_counter() - start
        finally:
            over.set()
            sampler.join()
            process.kill()
    return Watched(
        status=status,
        output=printed.read_text(),
        errors=complained.read_text(),
        seconds=seconds,
        main_peak=account.peaks.get(process.pid, 0),
        child_peak=max(_of_others(account.peaks, process.pid), default=0),
        together_peak=account.together,
        main_cpu=account.cpu.get(process.pid, 0.0),
        children_cpu=sum(_of_others(account.cpu, process.pid)),
    )


def _sample_until(account: Account, over: threading.Event) -> None:
    while not over.wait(INTERVAL):
        account.sample()


def _of_others(figures: Mapping[int, T], pid: int) -> list[T]:
    return [figure for other, figure in figures.items() if other != pid]


def _kilobytes(pid: int, name: str, pattern: re.Pattern[str]) -> int:
    found = pattern.search(_read(_PROC / str(pid) / name))
    return int(found[1]) * _KIB if found else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # the process has ended
        return ""
