"""``codehost search`` over releases that were synced."""

import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desk import Desk
from tests.simulator.distfiles import make_sdist
from tests.simulator.mirror import Mirror
from tests.simulator.running import running

SIX = b"import os\n\nclass Needle:\n    x\x1b[2J = 'needle'\n"
RELEASES = {
    ("six", "1.0"): {"six.py": b"needle = 0\n"},
    ("six", "2.0"): {"six.py": SIX, "needle.txt": b"nothing\n"},
    ("attrs", "1.0"): {"attrs.py": "a = 'nadel'  # Wörter\n".encode()},
}
FOUND = [
    r"python/six/2.0:six.py:3:class Needle:",
    r"python/six/2.0:six.py:4:    x\x1b[2J = 'needle'",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the releases; searching changes nothing in it."""
    folder = tmp_path_factory.mktemp("searched")
    mirror = Mirror()
    for (project, version), files in RELEASES.items():
        mirror.add(f"{project}-{version}.tar.gz", make_sdist(project, version, files))
    with running(mirror):
        pins = [f"{project}=={version}" for project, version in RELEASES]
        document = folder / "host.json"
        document.write_text(json.dumps({"urls": [mirror.url], "dependencies": pins}))
        command = [sys.executable, "-m", "codehost", "sync", str(document), "--data-dir", str(folder / "data")]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder / "data"


@pytest.fixture
def desk(data: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(folder=data.parent, mirror=Mirror(), capsys=capsys)


def test_lines(desk: Desk) -> None:
    ran = desk.stored("search", "needle")
    assert ran.status == 0
    # A file that matches by its lines and one that does by its name alone.
    assert ran.out.splitlines() == ["python/six/2.0:needle.txt", *FOUND]
    assert ran.err.startswith("2 lines in 2 files; 2 of 2 repositories searched in ")


SEARCHES = [
    (("needle", "--files"), ["python/six/2.0:needle.txt", "python/six/2.0:six.py"]),
    (("needle file:six", "--lines-each", "1"), FOUND[:1]),
    (("needle file:six", "--lines", "1"), FOUND[:1]),
    (
        ("class", "--context", "1"),
        ["python/six/2.0:six.py-2-", "python/six/2.0:six.py:3:class Needle:", FOUND[1].replace(":4:", "-4-")],
    ),
    (("'nadel'",), ["python/attrs/1.0:attrs.py:1:a = 'nadel'  # Wörter"]),
    (("needle = 0", "--all-versions"), ["python/six/1.0:six.py:1:needle = 0"]),
    (("needle = 0", "--version", "1.0.0", "--project", "Six"), ["python/six/1.0:six.py:1:needle = 0"]),
    (
        ("import os", "--code-host", "host", "--project", "attrs", "--project", "six"),
        ["python/six/2.0:six.py:1:import os"],
    ),
]


@pytest.mark.parametrize(("arguments", "expected"), SEARCHES)
def test_searches(desk: Desk, arguments: tuple[str, ...], expected: list[str]) -> None:
    query, *options = arguments
    # "needle = 0" as two words and a sign would match more.
    quoted = f'"{query}"' if " = " in query else query
    ran = desk.stored("search", quoted, *options)
    assert (ran.status, ran.out.splitlines()) == (0, expected)


def test_nothing_found(desk: Desk) -> None:
    ran = desk.stored("search", "haystack")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("0 lines in 0 files; 2 of 2 repositories searched in ")


def test_as_json(desk: Desk) -> None:
    ran = desk.stored("search", "nadel", "--json")
    assert (ran.status, ran.err) == (0, "")
    first, last = [json.loads(line) for line in ran.out.splitlines()]
    (file,) = first["repository"]["files"]
    assert file["lines"] == [
        {
            "number": 1,
            "text": "a = 'nadel'  # Wörter",
            "spans": [{"start": 5, "end": 10}],
            "before": [],
            "after": [],
            "cut": False,
            "offset": 0,
        }
    ]
    assert "url" not in first["repository"]
    assert (last["statistics"]["engine"], last["statistics"]["whyIncomplete"]) == ("scan", None)
    nothing = desk.stored("search", "haystack", "--json")
    assert (nothing.status, list(json.loads(nothing.out))) == (1, ["statistics"])


REFUSED = [
    (("a (b",), "  a (b\n      ^\n"),
    (("needle", "--project", "sixx"), "Did you mean six?\n"),
    (("needle", "--code-host", "hots"), "Did you mean host?\n"),
    (("needle", "--version", "3.0", "--project", "six"), "There are: 2.0, 1.0.\n"),
    (("needle", "--project", "\udce9"), "No release of a project"),
    (("needle", "--lines", "0"), "--lines"),
    (("needle", "--context", "21"), "--context"),
    (("needle", "--seconds", "0"), "--seconds"),
    (("needle", "--files", "--json"), "give one of them"),
    ((), "Missing argument 'QUERY'"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_refused(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    ran = desk.stored("search", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_nothing_synced_yet(desk: Desk, tmp_path: Path) -> None:
    ran = desk.run("search", "needle", "--data-dir", str(tmp_path))
    assert (ran.status, ran.out) == (3, "")
    assert "Nothing has been synced into" in ran.err


def command(data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "codehost", "search", *arguments, "--data-dir", str(data)]


def test_whoever_reads_has_seen_enough(data: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(command(data, "needle"), stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(write)
    assert (process.returncode, process.stderr) == (0, b"")


def test_a_full_disk_is_told(data: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(command(data, "needle"), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert process.returncode == 3
    assert b"standard output cannot be written (No space left on device)" in process.stderr
    assert b"Traceback" not in process.stderr


def test_any_locale(data: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    process = subprocess.run(command(data, "nadel"), capture_output=True, env=environment, timeout=60, check=False)
    assert (process.returncode, "Wörter" in process.stdout.decode()) == (0, True)


def test_on_a_terminal(data: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(command(data, "needle file:six"), stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 10_000):
            seen += part
    except OSError:
        pass  # pty(7): the other side is closed
    finally:
        os.close(ours)
    assert process.wait(60) == 0
    lines = seen.decode().splitlines()
    assert lines[0] == "\x1b[1;36mpython/six/2.0\x1b[0m"
    assert "\x1b[1;31mNeedle\x1b[0m" in lines[2]
    assert r"\x1b[2J" in lines[3]
    assert b"\x1b[2J" not in seen
    assert "2 lines in 1 file" in seen.decode()


def test_ctrl_c(data: Path, tmp_path: Path) -> None:
    # This takes seconds: RE2 has to remember where in the last 400 characters an a stood.
    letters = random.Random(1).randbytes(2_000_000).translate(b"ab" * 128)
    folder = tmp_path / "slow"
    mirror = Mirror()
    mirror.add("slow-1.0.tar.gz", make_sdist("slow", "1.0", {"slow": b"z\n" + letters}))
    with running(mirror):
        document = tmp_path / "host.json"
        document.write_text(json.dumps({"urls": [mirror.url], "dependencies": ["slow==1.0"]}))
        sync = [sys.executable, "-m", "codehost", "sync", str(document), "--data-dir", str(folder)]
        subprocess.run(sync, check=True, capture_output=True, timeout=60)
    process = subprocess.Popen(
        command(folder, "a[ab]{400}z", "--seconds", "600"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    # Itself, what looks after its children, what forks them, and one that reads.
    wait(lambda: list(sessions()).count(process.pid) >= 4)
    # As a terminal sends it: to the children too.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    wait(lambda: process.pid not in sessions())


def wait(met: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not met():
        assert time.monotonic() < ends
        time.sleep(0.05)


def sessions() -> Iterator[int]:
    """The session of every process that is alive."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] not in "ZX":
                # proc(5), behind the name: state, parent, process group, session.
                yield int(fields[3])
