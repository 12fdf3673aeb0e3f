"""How fast distribution files become repositories, against the other ways of doing it.

``python -m benchmarks.ingest [FOLDER] [--members N] [--files N] [--rounds N]`` prints one table: seconds and CPU
seconds (user and system, children included), and ratios, all from one run. Without FOLDER the corpus is generated;
with it the .tar.gz, .tgz, .zip and .whl files of that folder are used.
"""

import argparse
import os
import platform
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from benchmarks.archives import Distribution, examine, listing
from benchmarks.corpus import generate
from benchmarks.gitrun import environment, git
from benchmarks.ours import warm_pool
from benchmarks.rounds import Rehearsal, rehearse, run_rounds
from benchmarks.table import Measurement, table
from benchmarks.ways import Floor, OneByOne, Ours, Way, fast_codec, fast_import, git_sequence, gitpython

GIT, GITPYTHON, FAST_IMPORT = "git sequence", "GitPython", "git fast-import"
OURS_1, OURS_2 = "ours (1)", "ours (2)"
REHEARSED = 3


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table; the status is 1 when a tree of ours differs from git's."""
    options = _options(argv)
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary:
        root = Path(temporary)
        for name in ("home", "corpus", "scratch"):
            (root / name).mkdir()
        # GitPython and the pool's processes read the variables too, so they are set for the whole command.
        os.environ.update(environment(root / "home"))
        distributions = _corpus(options, root / "corpus")
        return _compare(distributions, options, root / "scratch")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="distribution files to use; else sdists are generated")
    parser.add_argument("--files", type=int, default=24, help="sdists to generate (%(default)s)")
    parser.add_argument("--members", type=int, default=9_000, help="members of all of them together (%(default)s)")
    parser.add_argument("--rounds", type=int, default=6, help="each takes one slice of the corpus (%(default)s)")
    options = parser.parse_args(argv)
    if min(options.files, options.members, options.rounds) < 1:
        parser.error("--files, --members and --rounds must be at least 1")
    if options.folder is not None and not options.folder.is_dir():
        parser.error(f"{options.folder} is no directory: name a folder with distribution files")
    return options


def _corpus(options: argparse.Namespace, folder: Path) -> list[Distribution]:
    if options.folder is None:
        print("generating the corpus ...", file=sys.stderr)
        return [examine(path) for path in generate(folder, files=options.files, members=options.members)]
    known, unknown = listing(options.folder)
    for path in unknown:
        print(f"left out: {path.name} is neither .tar.gz, .tgz, .zip nor .whl")
    return list(_readable(known))


def _readable(paths: Sequence[Path]) -> Iterator[Distribution]:
    for path in paths:
        try:
            yield examine(path)
        except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
            print(f"left out: {path.name} cannot be read: {error}")


def _compare(distributions: list[Distribution], options: argparse.Namespace, scratch: Path) -> int:
    if not distributions:
        print("there is no distribution file to measure: name a folder that holds some")
        return 2
    with ExitStack() as stack:
        first = min(distributions, key=lambda one: one.size)
        pools = {n: stack.enter_context(warm_pool(n, first, scratch)) for n in (1, 2)}
        ways: list[Way] = [
            OneByOne(GIT, git_sequence),
            OneByOne(GITPYTHON, gitpython),
            OneByOne(FAST_IMPORT, fast_import),
            Ours(OURS_1, pools[1]),
            Ours(OURS_2, pools[2]),
        ]
        # Generated sdists are all of one make: a few stand for the rest.
        sample = distributions if options.folder else _spread(distributions, REHEARSED)
        rehearsals = [rehearse(ways, one, scratch) for one in sample]
        refused = {run.distribution.path for run in rehearsals if run.refusals}
        measured = [one for one in distributions if one.path not in refused]
        if not measured:
            _tell(rehearsals)
            print("nothing to measure: no distribution file can be done by every way")
            return 2
        measurements = list(_told(run_rounds(ways, Floor(), measured, options.rounds, scratch)))
    _describe(measured, options.rounds)
    names = [*(way.name for way in ways), Floor.name]
    print(table(measurements, ways=names, one=OURS_1, two=OURS_2, floor=Floor.name))
    return _tell(rehearsals)


def _spread(distributions: list[Distribution], count: int) -> list[Distribution]:
    step = max(1, len(distributions) // count)
    return distributions[step // 2 :: step][:count]


def _told(measurements: Iterator[Measurement]) -> Iterator[Measurement]:
    for one in measurements:
        print(f"round {one.round + 1}: {one.way:16} {one.seconds:8.2f} s {one.cpu:8.2f} CPU s", file=sys.stderr)
        yield one


def _describe(distributions: Sequence[Distribution], rounds: int) -> None:
    codec = fast_codec().__name__
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(
        f"machine: {os.cpu_count()} cores, {platform.machine()}, {platform.python_implementation()} "
        f"{platform.python_version()}, {git(Path(), 'version')}, GitPython {version('gitpython')}, floor with {codec}; "
        f"load averages at the end {load}"
    )
    packed = sum(one.path.stat().st_size for one in distributions)
    print(
        f"corpus: {len(distributions)} files, {sum(one.members for one in distributions):,} members, "
        f"{sum(one.size for one in distributions):,} bytes unpacked, {packed:,} packed; {rounds} rounds"
    )


def _tell(rehearsals: Sequence[Rehearsal]) -> int:
    for run in rehearsals:
        for way, why in run.refusals.items():
            print(f"left out of every sum: {run.distribution.path.name}: {way} cannot do it: {why}")
    whole = [run for run in rehearsals if not run.refusals]
    for run in whole:
        if len(set(run.trees.values())) > 1:
            made = ", ".join(f"{way} {tree[:12]}" for way, tree in run.trees.items())
            print(f"trees differ: {run.distribution.path.name}: {made}")
    same = [run for run in whole if run.trees[OURS_1] == run.trees[GIT]]
    print(f"trees: ours equal those of the {GIT} for {len(same)} of {len(whole)} files compared")
    return int(len(same) < len(whole))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
