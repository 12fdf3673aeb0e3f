"""Where a command's time goes: the functions of its main thread, and its imports."""

import io
import pstats
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TOP = 25

_IMPORT = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \|(\s*)(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One module's import, in microseconds: its own code, and all that it imported first."""

    name: str
    own: int
    cumulative: int
    depth: int


def command_line(*arguments: str) -> list[str]:
    """The program with these arguments."""
    return [sys.executable, "-m", "codehost", *arguments]


def functions(arguments: Sequence[str], folder: Path, *, order: str = "cumulative") -> str:
    """Run the program under cProfile; the functions of its main thread that took longest."""
    report = folder / "profile"
    command = [sys.executable, "-m", "cProfile", "-o", str(report), "-m", "codehost", *arguments]
    subprocess.run(command, check=False, capture_output=True)
    text = io.StringIO()
    statistics = pstats.Stats(str(report), stream=text)
    statistics.strip_dirs().sort_stats(order).print_stats(TOP)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines() if line.strip())


def imports(arguments: Sequence[str]) -> str:
    """Run the program with a clock on its imports; the dearest packages."""
    command = [sys.executable, "-X", "importtime", "-m", "codehost", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return summary(parse_imports(done.stderr))


def parse_imports(text: str) -> list[Import]:
    """Read what ``-X importtime`` printed, in its order: a module stands behind what it imported."""
    return [
        Import(name=name, own=int(own), cumulative=int(cumulative), depth=(len(indent) - 1) // 2)
        for own, cumulative, indent, name in _IMPORT.findall(text)
    ]


def summary(found: Sequence[Import]) -> str:
    """The sum, and what each top-level package's own code took."""
    packages: dict[str, list[int]] = {}
    for one in found:
        packages.setdefault(one.name.partition(".")[0], []).append(one.own)
    dearest = sorted(packages.items(), key=lambda item: -sum(item[1]))[:TOP]
    lines = [f"{len(found)} modules, {sum(one.own for one in found) / 1e6:.3f} s (slowed by the clock itself)"]
    lines += [f"{sum(own) / 1e3:8.1f} ms {len(own):5} modules  {name}" for name, own in dearest]
    return "\n".join(lines)
