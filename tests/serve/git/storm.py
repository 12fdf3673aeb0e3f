"""Many clones at a time by real git, in all versions of the protocol, each compared with its repository.

What it prints tells also by how many MiB the server's process grew after its first tenth of the clones: at the most,
with the threads that start the clients.

``python -m tests.serve.git.storm --clones N --at-once N`` is the long form of what ``test_service.py`` does.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codehost.model.datadir import DataDirectory
from tests.serve.git.serving import Serving, git, make_repository, serving

_OPTIONS = ((), ("--depth", "1"), ("--filter=tree:0",), ("--mirror",))
_REPOSITORIES = 5


def storm(folder: Path, *, clones: int, at_once: int) -> str:
    """Clone so many times; gives a JSON object with what was wrong and how the requests were served."""
    data = DataDirectory(folder / "data")
    home = folder / "home"
    home.mkdir()
    commits = {
        name: make_repository(data, name, files=3 * number + 1, size=5_000)
        for number, name in enumerate(f"python/p{number}/1.0" for number in range(_REPOSITORIES))
    }
    start, wrong, warm, most = time.monotonic(), [], 0, 0
    with serving(data) as server, ThreadPoolExecutor(at_once) as pool:
        found = pool.map(lambda number: _clone(server, home, commits, number), range(clones))
        for number, one in enumerate(found):
            wrong += [one] if one else []
            most = max(most, _resident())
            if number <= clones // 10:
                warm = most
    seconds, grown = round(time.monotonic() - start, 1), round((most - warm) / 2**20, 1)
    ways = Counter(f"{one.way} {one.status}" for one in server.served)
    return json.dumps({"clones": clones, "seconds": seconds, "grown": grown, "requests": ways, "wrong": wrong})


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _clone(server: Serving, home: Path, commits: dict[str, str], number: int) -> str | None:
    name = list(commits)[number % len(commits)]
    version = (2, 0, 2, 1)[number // len(commits) % 4]
    options = _OPTIONS[number % len(_OPTIONS)]
    place = f"out{number}"
    cloned = git(home, "-c", f"protocol.version={version}", "clone", "--bare", *options, server.url(name), place)
    if cloned.returncode:
        return f"{name} {version} {options}: {cloned.stderr}"
    found = git(home / place, "rev-parse", "HEAD").stdout.strip()
    return None if found == commits[name] else f"{name} {version} {options}: {found}"


def main(argv: Sequence[str]) -> int:
    """Run a storm and print its outcome."""
    parser = argparse.ArgumentParser(prog="python -m tests.serve.git.storm", description=__doc__)
    parser.add_argument("--clones", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="codehost-storm-") as temporary:
        outcome = storm(Path(temporary), clones=options.clones, at_once=options.at_once)
    print(outcome)  # noqa: T201 - a command's answer
    return int(bool(json.loads(outcome)["wrong"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
