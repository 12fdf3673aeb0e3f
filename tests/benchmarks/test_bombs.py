"""The benchmark of bombs tells what it saw: the bombs themselves are in tests/test_bombs.py."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.bombkinds import HOSTILE, MIB, Bomb
from benchmarks.bombpages import KINDS, ask, serving
from benchmarks.bombs import Outcome, feed, is_right, report, write
from benchmarks.bombtars import END, header
from codehost.model.errors import Reason
from codehost.model.members import Limits

LIMITS = Limits(members=3)


def bomb(members: int, refused: frozenset[Reason]) -> Bomb:
    pieces = [header(b"p-1/%d" % number) for number in range(members)]
    return Bomb(
        kind=f"{members} members",
        filename="p-1.tar",
        unpacks=0,
        bound="members",
        write=lambda: [*pieces, END],
        refused=refused,
    )


def outcome(reason: Reason | None) -> Outcome:
    return Outcome(size=1, reason=reason, sentence="", peak=1, seconds=1.0, next_works=True)


@pytest.mark.parametrize(
    ("refused", "reason", "right"),
    [
        (HOSTILE, Reason.TOO_LARGE, True),
        (HOSTILE, Reason.UNSAFE_ARCHIVE, True),
        (HOSTILE, Reason.CRASHED, False),
        (HOSTILE, None, False),
        (frozenset[Reason](), None, True),
        (frozenset[Reason](), Reason.TOO_LARGE, False),
    ],
)
def test_an_end_is_right_for_its_kind(refused: frozenset[Reason], reason: Reason | None, *, right: bool) -> None:
    assert is_right(bomb(1, refused), outcome(reason)) is right


def test_a_bomb_is_fed_to_a_child(tmp_path: Path) -> None:
    fed = asyncio.run(feed(bomb(4, HOSTILE), LIMITS, tmp_path))
    assert (fed.reason, fed.next_works) == (Reason.TOO_LARGE, True)
    assert fed.size == 4 * 512 + len(END)
    assert 5 * MIB < fed.peak < 1024 * MIB
    assert fed.seconds > 0


def test_a_report_says_what_went_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report([bomb(4, HOSTILE), bomb(2, frozenset())], LIMITS, tmp_path)
    assert not report([bomb(3, HOSTILE)], LIMITS, tmp_path)
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("| 4", "| 2", "| 3"))]
    assert ["yes" in row for row in rows] == [True, True, False]
    assert "too-large: the archive has more than 3 members" in rows[0]
    assert "repository: 2 files, 0 skipped" in rows[1]


def test_zeros_take_no_room(tmp_path: Path) -> None:
    path = tmp_path / "holes"
    holes = Bomb(kind="", filename="", unpacks=0, bound="", write=lambda: [b"a", *[bytes(MIB)] * 64, b"z"])
    assert write(holes, path) == 64 * MIB + 2 == path.stat().st_size
    assert path.stat().st_blocks * 512 < MIB


@pytest.mark.parametrize("kind", ["page: a million empty gzip members", "JSON: 10 million deep"])
def test_a_page_is_asked_for(kind: str) -> None:
    with serving() as url:
        asked = ask(f"{url}/{KINDS[kind].path}")
    assert asked.reason is KINDS[kind].reason
    assert asked.peak > MIB
