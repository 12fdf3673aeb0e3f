"""Power loss loses nothing that was promised. The long form: ``python -m tests.acceptance.power``."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance import state
from tests.acceptance.kill import BrokenPromiseError
from tests.acceptance.power import Storm
from tests.acceptance.power_disk import Disk, Luck, Patch, Tree, everything, nothing, tree_of
from tests.acceptance.power_judge import Judge, judge_commits
from tests.acceptance.power_record import DOCUMENTS, Program, Recording, record, replay, serve
from tests.acceptance.power_trace import Kind, Step, steps, trouble, wrapper
from tests.acceptance.program import Desk
from tests.simulator.mirror import Mirror

ROOT = Path("/root")
NAMES_ONLY = Luck(files=lambda _: [], folders=lambda pending: pending)

PUBLISH = """
import sys
from pathlib import Path
from codehost.pack.publish import prepare, publish

top = Path(sys.argv[1])
staged, final = top / "staging" / "git", top / "repos" / "python" / "six" / "1.0.git"
staged.mkdir(parents=True)
# Another worker, which has not come to syncing them yet.
final.parent.mkdir(parents=True)
prepare(final)
publish(staged, final, top / "repos")
"""


@pytest.fixture(scope="module")
def tracing() -> None:
    """The machine lets us trace what we start."""
    why_not = trouble()
    if why_not and "strace" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
        pytest.fail(f"strace is required: {why_not}")
    if why_not:
        pytest.skip(why_not)


@pytest.fixture(scope="module")
def recording(tracing: None, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A worker that follows a first document."""
    folder = tmp_path_factory.mktemp("power")

    async def recorded() -> Recording:
        async with Mirror() as mirror:
            serve(mirror)
            program = Program(name="worker", config=folder / "host.json")
            return await record(Desk(folder=folder), mirror, program, DOCUMENTS[:1])

    return asyncio.run(recorded())


def storm(folder: Path, mirror: Mirror, *, most: int, restarts: int) -> Storm:
    return Storm(mirror=mirror, folder=folder, chance=random.Random(1), most=most, trials=1, restarts=restarts)


async def test_a_worker_forgets_nothing_and_goes_on(recording: Recording, tmp_path: Path) -> None:
    async with Mirror() as mirror:
        serve(mirror)
        outcome = await storm(tmp_path, mirror, most=36, restarts=2).strike(recording)
    assert (outcome.states, outcome.restarts) == (2 * outcome.moments, 2)


async def test_a_sync_that_replaces_and_prunes_forgets_nothing_either(tracing: None, tmp_path: Path) -> None:
    async with Mirror() as mirror:
        serve(mirror)
        program = Program(name="sync", config=tmp_path / "sync" / "host.json")
        recording = await record(Desk(folder=tmp_path / "sync"), mirror, program, DOCUMENTS[:2])
        assert (await storm(tmp_path, mirror, most=24, restarts=1).strike(recording)).restarts == 1


async def test_postgresql_is_told_after_the_disk(tracing: None, postgresql_url: str, tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, environment={"CODEHOST_DATABASE_URL": postgresql_url})
    program = Program(name="worker", config=tmp_path / "host.json")
    async with Mirror() as mirror:
        serve(mirror)
        program.follow(mirror, DOCUMENTS[0])
        ended = await desk.run(*program.arguments(desk), wrapper=wrapper(tmp_path / "trace"))
        assert ended.status == 0, ended.said
    made = steps(tmp_path / "trace", desk.data)
    commits = state.published(desk.data)
    assert len(commits) == len(DOCUMENTS[0])
    judge = Judge(folder=tmp_path, commits=commits)
    server = urlsplit(postgresql_url).netloc.rpartition("@")[2]
    assert judge_commits(made, Disk(tmp_path), server, judge) == {*commits, "id"}
    unsynced = [step for step in made if step.kind is not Kind.SYNC or "/repos" not in step.path]
    with pytest.raises(BrokenPromiseError, match="has no repository"):
        judge_commits(unsynced, Disk(tmp_path), server, judge)


def of_log(step: Step) -> bool:
    return step.path.endswith("codehost.db-wal")


def in_repos(step: Step) -> bool:
    return "/repos" in step.path


def of_pack(step: Step) -> bool:
    return step.path.endswith("incoming.pack")


def of_number(step: Step) -> bool:
    return "/staging/" in step.path and "/id." in step.path


def of_data(step: Step) -> bool:
    return step.path.endswith("/data")


@pytest.mark.parametrize(
    ("forgotten", "broken"),
    [
        (in_repos, "has no repository"),
        (of_pack, "git finds"),
        (of_number, "the data directory has the number"),
        (of_log, "said to be planned, and lost"),
        (of_data, "said to be planned, and lost|has no repository|the data directory has the number"),
    ],
)
def test_a_forgotten_fsync_is_noticed(
    recording: Recording, tmp_path: Path, forgotten: Callable[[Step], bool], broken: str
) -> None:
    with pytest.raises(BrokenPromiseError, match=broken):
        judge_all(
            changed(recording, lambda made: (s for s in made if s.kind is not Kind.SYNC or not forgotten(s))), tmp_path
        )


def test_a_commit_before_the_repository_is_durable_is_noticed(recording: Recording, tmp_path: Path) -> None:
    def too_soon(made: Iterable[Step]) -> list[Step]:
        """Every sync below ``repos`` happens only after the next one of the log."""
        late: list[Step] = []
        found: list[Step] = []
        for step in made:
            if step.kind is Kind.SYNC and in_repos(step):
                late.append(step)
                continue
            found.append(step)
            if step.kind is Kind.SYNC and of_log(step):
                found += late
                late = []
        return found

    with pytest.raises(BrokenPromiseError, match="has no repository"):
        judge_all(changed(recording, too_soon), tmp_path)


def test_a_forgotten_request_is_noticed(recording: Recording, tmp_path: Path) -> None:
    def more(made: Iterable[Step]) -> list[Step]:
        """Each request goes out twenty times."""
        return [step for step in made for _ in range(20 if step.kind is Kind.SEND else 1)]

    with pytest.raises(BrokenPromiseError, match="in the ledger"):
        judge_all(changed(recording, more), tmp_path)


def changed(recording: Recording, change: Callable[[tuple[Step, ...]], Iterable[Step]]) -> Recording:
    """The same recording with other steps, each after the one before."""
    acts = tuple(replace(act, steps=tuple(map(_numbered, *_counted(change(act.steps))))) for act in recording.acts)
    return replace(recording, acts=acts)


def _counted(made: Iterable[Step]) -> tuple[list[Step], range]:
    listed = list(made)
    return listed, range(len(listed))


def _numbered(step: Step, number: int) -> Step:
    return replace(step, began=number, at=number)


def judge_all(recording: Recording, folder: Path) -> None:
    judge = Judge(folder=folder, commits=recording.commits)
    for moment in replay(recording):
        if moment.step is None or moment.step.kind is Kind.SYNC:
            judge.judge(moment.disk.after(nothing()), moment.told)


def test_directories_that_a_neighbour_has_just_made_are_durable_before_anything_is_recorded(
    tracing: None, tmp_path: Path
) -> None:
    data, trace = tmp_path / "data", tmp_path / "trace"
    subprocess.run([*wrapper(trace), sys.executable, "-c", PUBLISH, str(data)], check=True)
    disk = Disk(tmp_path, {"data": None, "data/repos": None})
    for step in steps(trace, data):
        # These two were made when the program started.
        if step.kind is not Kind.FOLDER or step.path not in {str(data), str(data / "repos")}:
            disk.do(step)
    assert "data/repos/python/six/1.0.git" in disk.after(nothing())


def step(
    kind: Kind, path: str, at: int, *, began: int | None = None, new: str = "", offset: int = 0, data: bytes = b""
) -> Step:
    began = at if began is None else began
    return Step(kind=kind, path=str(ROOT / path), began=began, at=at, new=new, offset=offset, data=data)


def ran(*made: Step) -> Disk:
    disk = Disk(ROOT)
    for one in made:
        disk.do(one)
    return disk


WRITTEN = (step(Kind.FILE, "a", 1), step(Kind.WRITE, "a", 2, data=b"one"))
MOVED = (*WRITTEN, step(Kind.FOLDER, "f", 3), step(Kind.MOVE, "a", 4, new=str(ROOT / "f/b")))


@pytest.mark.parametrize(
    ("made", "luck", "left"),
    [
        (WRITTEN, nothing(), {}),
        (WRITTEN, everything(), {"a": b"one"}),
        (WRITTEN, NAMES_ONLY, {"a": b""}),
        ((*WRITTEN, step(Kind.SYNC, "a", 3)), nothing(), {}),
        ((*WRITTEN, step(Kind.SYNC, "", 3)), nothing(), {"a": b""}),
        ((*WRITTEN, step(Kind.SYNC, "a", 3), step(Kind.SYNC, "", 4)), nothing(), {"a": b"one"}),
        # A sync is about what was there when it began.
        ((*WRITTEN, step(Kind.SYNC, "a", 5, began=2), step(Kind.SYNC, "", 6)), nothing(), {"a": b""}),
        ((*WRITTEN, step(Kind.RESIZE, "a", 3, offset=5)), everything(), {"a": b"one\0\0"}),
        (
            (*WRITTEN, step(Kind.LINK, "a", 3, new=str(ROOT / "b")), step(Kind.REMOVE, "a", 4)),
            everything(),
            {"b": b"one"},
        ),
        (MOVED, everything(), {"f": None, "f/b": b"one"}),
        # Only one end of a move between folders came through.
        ((*MOVED, step(Kind.SYNC, "", 5)), nothing(), {"f": None}),
        ((*WRITTEN, step(Kind.SYNC, "", 3), step(Kind.REMOVE, "a", 4)), nothing(), {"a": b""}),
    ],
)
def test_what_survives(made: tuple[Step, ...], luck: Luck, left: Tree) -> None:
    assert ran(*made).after(luck) == left


def test_a_later_write_may_survive_an_earlier_one() -> None:
    def second(pending: list[Patch]) -> list[Patch]:
        return pending[1:]

    disk = ran(*WRITTEN, step(Kind.WRITE, "a", 3, offset=3, data=b"two"), step(Kind.SYNC, "", 4))
    assert disk.after(Luck(files=second, folders=lambda _: [])) == {"a": b"\0\0\0two"}


def test_every_call_is_understood(tracing: None, tmp_path: Path) -> None:
    program = """
import os, shutil, sys
from pathlib import Path
top = Path(sys.argv[1])
top.mkdir()
(top / "é").mkdir()
(top / "é" / "a b").write_bytes(b"x" * 100_000)
with (top / "c").open("w+b") as file:
    file.write(b"0" * 20)
    file.seek(5)
    file.write(b"five")
    file.seek(0)
    file.read()
    file.seek(0, 2)
    file.write(b"end")
    file.truncate(22)
descriptor = os.open(top, os.O_RDONLY)
os.rename("c", "d", src_dir_fd=descriptor, dst_dir_fd=descriptor)
os.link(top / "d", top / "e")
(top / "gone" / "deep").mkdir(parents=True)
(top / "gone" / "deep" / "file").touch()
shutil.rmtree(top / "gone")
(top / "d").open("r+b").write(b"D")
"""
    data, trace = tmp_path / "data", tmp_path / "trace"
    subprocess.run([*wrapper(trace), sys.executable, "-c", program, str(data)], check=True)
    disk = Disk(tmp_path)
    for one in steps(trace, data):
        disk.do(one)
    expected = {"data": None, **{f"data/{path}": content for path, content in tree_of(data).items()}}
    assert disk.after(everything()) == expected
    assert expected["data/d"] == expected["data/e"] == b"D0000five00000000000en"
