"""The whole engine, over real repositories, a real record and real child processes."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.processes import read_stats, tree
from codehost.model.searching import RepositoryHits, Searched, SearchRequest, Span
from codehost.search.scan.children import SearchEndedError
from codehost.search.scan.limits import ScanLimits
from codehost.search.scan.turns import TooManySearchesError
from tests.search.scan.library import LIMITS, library, text
from tests.serve.pages.site import make_repository, member

Search = AsyncGenerator[RepositoryHits | Searched, None]


async def test_names_count_as_lines(tmp_path: Path) -> None:
    members = [text(f"{number}.py", "") for number in range(50)]
    async with library(tmp_path, {"a==1": members}) as made:
        found, end = await made.search(SearchRequest(query="file:py", lines=7))
    assert len(found[0].files) == 7
    assert (end.files, end.lines, end.repositories) == (7, 0, 0)


async def test_much_text_ends_the_search(tmp_path: Path) -> None:
    members = [text("a.txt", "word and more\n" * 500)]
    limits = ScanLimits(children=1, text_bytes=10_000)
    async with library(tmp_path, {"a==1": members, "b==1": members, "c==1": members}, limits) as made:
        found, end = await made.search(SearchRequest(query="word", lines=10_000))
    assert [one.project for one in found] == ["c"]
    assert found[0].files[0].more
    assert end.lines < 100, "what one file may fill is bounded too"
    assert end.why_incomplete is not None
    assert "so much text" in end.why_incomplete


async def test_nothing_is_synced(tmp_path: Path) -> None:
    async with library(tmp_path, {}) as empty:
        found, end = await empty.search(SearchRequest(query="x"))
    assert not found
    assert end.why_incomplete is not None
    assert "No release is synced yet" in end.why_incomplete


async def test_a_damaged_and_a_removed_repository_are_left_out(tmp_path: Path) -> None:
    same = [text("a.py", "import os\n")]
    async with library(tmp_path, {f"{name}==1": same for name in "abcd"}) as made:
        (pack,) = (made.data.repository("python/b/1") / "objects" / "pack").glob("*.pack")
        content = bytearray(pack.read_bytes())
        content[12:-20] = bytes(len(content) - 32)
        pack.chmod(0o644)
        pack.write_bytes(content)
        shutil.rmtree(made.data.repository("python/c/1"))
        found, end = await made.search(SearchRequest(query="import"))
    assert [one.project for one in found] == ["d", "a"]
    assert (end.repositories, end.in_scope) == (2, 4)
    assert end.why_incomplete == (
        "1 repository left out: removed or replaced during the search."
        " 1 repository left out: damaged. Stop codehost, and run codehost verify --repair."
    )


SLOW = [member(b"%d.txt" % number, b"x" * 2_000_000) for number in range(60)]
SLOW_QUERY = "content:(x+x+)+y"
# In each file as many matches are looked at as there may be: seconds of work.
MANY = "content:x"


async def test_the_time_is_over(tmp_path: Path) -> None:
    async with library(tmp_path, {"old==1": [text("a", "xxxy\n")], "slow==1": SLOW}, ScanLimits(children=1)) as made:
        found, end = await made.search(SearchRequest(query=SLOW_QUERY, seconds=0.001))
    assert not found
    assert end.why_incomplete is not None
    assert "The time of 0.001 s was over" in end.why_incomplete
    assert end.repositories == 0


def _children() -> set[int]:
    return set(tree(os.getpid(), {pid: stat.parent for pid, stat in read_stats().items()})) - {os.getpid()}


async def test_whoever_goes_away_leaves_no_work_behind(tmp_path: Path) -> None:
    releases = {"slow==1": SLOW, "last==1": [text("a", "xxxy\n")]}
    async with library(tmp_path, releases, ScanLimits(children=2)) as made:
        search = made.engine.search(SearchRequest(query=SLOW_QUERY, seconds=60))
        first = await anext(search)
        assert isinstance(first, RepositoryHits)
        assert first.project == "last"
        await search.aclose()
        # The turn is free, and the children that were at it are gone or have no work.
        found, end = await made.search(SearchRequest(query="xxxy"))
    assert [one.project for one in found] == ["last"]
    assert end.why_incomplete is None


async def test_children_that_are_killed_are_replaced(tmp_path: Path) -> None:
    same = [text("a.py", "import os\n")]
    async with library(tmp_path, {f"p{number}==1": same for number in range(10)}) as made:
        before = _children()
        await made.search(SearchRequest(query="import"))
        for pid in _own_children(_children() - before):
            os.kill(pid, signal.SIGKILL)
        found, end = await made.search(SearchRequest(query="import"))
    assert len(found) == 10
    assert end.why_incomplete is None


def _own_children(new: set[int]) -> list[int]:
    # The fork server and the resource tracker, if they are new, are the parents of no task.
    stats = read_stats()
    return [pid for pid in new if pid in stats and stats[pid].parent != os.getpid()]


async def test_memory_that_runs_out_is_said(tmp_path: Path) -> None:
    releases = {"many==1": [member(b"a", b"word\n" * 200_000)], "few==1": [text("b", "word\n")]}
    limits = ScanLimits(children=1, memory_bytes=224 << 20, text_bytes=1 << 40)
    async with library(tmp_path, releases, limits) as made:
        found, end = await made.search(SearchRequest(query="content:word", context=1_000_000))
    assert [one.project for one in found] == ["few"]
    assert end.why_incomplete is not None
    assert "1 repository left out: the process that read it has ended" in end.why_incomplete


async def test_searches_at_once(tmp_path: Path) -> None:
    limits = ScanLimits(children=1, at_once=1, waiting=1, waiting_seconds=0.05)
    async with library(tmp_path, {"a==1": [text("a", "xxx\n")]}, limits) as made:
        running = made.engine.search(SearchRequest(query="xxx"))
        async with aclosing(running):
            await anext(running)
            waits = asyncio.create_task(made.search(SearchRequest(query="xxx")))
            await asyncio.sleep(0)
            with pytest.raises(TooManySearchesError, match="others wait already"):
                await made.search(SearchRequest(query="xxx"))
            with pytest.raises(TooManySearchesError, match=r"waited for 0\.05 s"):
                await waits
        _, end = await made.search(SearchRequest(query="xxx"))
    assert isinstance(end, Searched)
    assert end.lines == 1


async def test_long_lines_are_cut(tmp_path: Path) -> None:
    line = "a" * 50_000 + "needle" + "b" * 50_000
    async with library(tmp_path, {"a==1": [text("a.min.js", f"{line}\n{line}\n")]}) as made:
        (only,), _ = await made.search(SearchRequest(query="needle", context=1))
    first, second = only.files[0].lines
    assert (first.cut, first.offset, len(first.text), first.spans) == (True, 49_900, 1_000, (Span(start=100, end=106),))
    assert (len(first.after[0]), len(second.before[0])) == (1_000, 1_000)


async def test_order_holds_with_many_children(tmp_path: Path) -> None:
    releases = {f"p{number}==1": [text("a", "word\n" * (1 + 37 * number % 50))] for number in range(60)}
    async with library(tmp_path, releases, LIMITS) as made:
        found, end = await made.search(SearchRequest(query="word", lines=100_000))
    assert [one.project for one in found] == [f"p{number}" for number in reversed(range(60))]
    assert (end.repositories, end.in_scope, end.files) == (60, 60, 60)


async def test_the_same_question_gets_the_same_answer(tmp_path: Path) -> None:
    releases = {f"p{number}==1": [text(f"{name}.py", "word\n" * 9) for name in "cab"] for number in range(12)}
    answers: list[tuple[list[RepositoryHits], Searched]] = []
    for children in (1, 2):
        folder = tmp_path / str(len(answers))
        async with library(folder, releases, ScanLimits(children=children, text_bytes=100_000)) as made:
            found, end = await made.search(SearchRequest(query="word", lines=200, lines_each=7))
        answers.append((found, replace(end, seconds=0)))
    assert answers[0] == answers[1]
    assert [file.path for file in answers[0][0][0].files] == ["a.py", "b.py", "c.py"]


async def test_twenty_searches_at_once(tmp_path: Path) -> None:
    limits = ScanLimits(children=2, at_once=2, waiting=16, waiting_seconds=60)
    async with library(tmp_path, {f"p{number}==1": [text("a", "word\n")] for number in range(8)}, limits) as made:
        searches = [made.search(SearchRequest(query="word")) for _ in range(20)]
        answers = await asyncio.gather(*searches, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, BaseException)]
    assert len(refused) == 2
    assert all(isinstance(one, TooManySearchesError) for one in refused)
    assert all([hits.project for hits in one[0]] == PROJECTS for one in answers if not isinstance(one, BaseException))


PROJECTS = [f"p{number}" for number in reversed(range(8))]


async def test_who_reads_nothing_keeps_no_others_waiting(tmp_path: Path) -> None:
    limits = ScanLimits(children=1, at_once=1, grace_seconds=0.1)
    async with library(tmp_path, {"a==1": [text("a", "xxx\n")], "b==1": [text("a", "xxx\n")]}, limits) as made:
        stands = made.engine.search(SearchRequest(query="xxx", seconds=5))
        async with aclosing(stands):
            await anext(stands)
            found, _ = await made.search(SearchRequest(query="xxx"))
            assert len(found) == 2
            assert isinstance(await anext(stands), RepositoryHits)


async def test_what_changes_during_a_search(tmp_path: Path) -> None:
    releases = {f"p{number}==1": [text("a.py", f"word {number}\n")] for number in range(6)}
    async with library(tmp_path, releases, ScanLimits(children=1)) as made:
        search = made.engine.search(SearchRequest(query="word"))
        found = [await anext(search)]
        # Two are read ahead; what these are is not read yet.
        shutil.rmtree(made.data.repository("python/p1/1"))
        shutil.rmtree(made.data.repository("python/p0/1"))
        make_repository(made.data, "python/p0/1", [text("b.py", "another word\n")])
        found += [one async for one in search]
    *hits, end = found
    paths = {one.project: one.files[0].path for one in hits if isinstance(one, RepositoryHits)}
    assert paths == {"p5": "a.py", "p4": "a.py", "p3": "a.py", "p2": "a.py", "p0": "b.py"}
    assert isinstance(end, Searched)
    assert end.why_incomplete == "1 repository left out: removed or replaced during the search."


def _at_work(before: set[int]) -> list[int]:
    """The children that read, once there are any; none if that takes too long."""
    for _ in range(1_000):
        stats = read_stats()
        found = [pid for pid in _own_children(_children() - before) if pid in stats and stats[pid].cpu > BUSY]
        if found:
            return found
        time.sleep(0.02)
    return []


# Seconds of processor time that a child has used only when it reads.
BUSY = 0.3


async def test_a_child_killed_at_its_work_costs_its_repository(tmp_path: Path) -> None:
    releases = {"few==1": [text("a", "xxx\n")], "slow==1": SLOW}
    async with library(tmp_path, releases, ScanLimits(children=1)) as made:
        before = _children()
        search = asyncio.create_task(made.search(SearchRequest(query=MANY, seconds=60)))
        killed = await asyncio.to_thread(_at_work, before)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        found, end = await search
    assert killed
    assert [one.project for one in found] == ["few"]
    assert end.repositories == 1
    assert end.why_incomplete == "1 repository left out: the process that read it has ended. The log says which."


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("stage", ["not begun", "begun", "told", "cancelled"])
async def test_what_is_given_up_leaves_nothing(tmp_path: Path, stage: str) -> None:
    # The fork server and its pipes stay for the process' life.
    async with library(tmp_path / "first", {"a==1": [text("a", "word\n")]}) as made:
        await made.search(SearchRequest(query="word"))
    tasks, files, processes = asyncio.all_tasks(), _open_files(), _children()
    releases = {"slow==1": SLOW, "a==1": [text("a", "xxxy\n")]}
    async with library(tmp_path / "second", releases, ScanLimits(children=2)) as made:
        search = made.engine.search(SearchRequest(query=MANY, seconds=60))
        await STAGES[stage](search)
        await search.aclose()
        found, _ = await made.search(SearchRequest(query="xxxy"))
        assert [one.project for one in found] == ["a"]
    assert asyncio.all_tasks() == tasks
    assert _children() <= processes
    assert _open_files() <= files


async def _nothing(_: Search) -> None:
    pass


async def _begun(search: Search) -> None:
    first = asyncio.create_task(anext(search))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait((first,))


async def _told(search: Search) -> None:
    await anext(search)


async def _cancelled(search: Search) -> None:
    await anext(search)
    second = asyncio.create_task(anext(search))
    await asyncio.sleep(0.1)
    second.cancel()
    await asyncio.wait((second,))
    assert second.cancelled()


STAGES = {"not begun": _nothing, "begun": _begun, "told": _told, "cancelled": _cancelled}


async def test_the_engine_is_closed_while_searches_run(tmp_path: Path) -> None:
    limits = ScanLimits(children=1, at_once=2, waiting=2)
    async with library(tmp_path, {"slow==1": SLOW, "a==1": [text("a", "xxxy\n")]}, limits) as made:
        before = _children()
        search = made.engine.search(SearchRequest(query=MANY, seconds=60))
        await anext(search)
        others = [asyncio.create_task(made.search(SearchRequest(query=MANY, seconds=60))) for _ in range(2)]
        await asyncio.sleep(0.1)
        await made.engine.__aexit__(None, None, None)
        with pytest.raises(SearchEndedError, match="is stopping"):
            await anext(search)
        ended = await asyncio.gather(*others, return_exceptions=True)
        assert all(isinstance(one, SearchEndedError) for one in ended)
        with pytest.raises(SearchEndedError):
            await made.search(SearchRequest(query="xxxy"))
        assert not _own_children(_children() - before)
