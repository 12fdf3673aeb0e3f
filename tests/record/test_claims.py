"""Claims over several code hosts: shares, turns and projects kept together."""

import pytest

from codehost.model.jobs import LeasedJob, Turns
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from tests.record.helpers import pinned


def names(jobs: list[LeasedJob]) -> list[str]:
    return [str(job.pin) for job in jobs]


async def hosts(database: Database, *numbers: int) -> list[int]:
    """A code host for each number, with so many pins: ``a==1``, ``a==2``; ``b==1``."""
    return [
        await pinned(database, *(f"{letter}=={minor}" for minor in range(1, number + 1)), name=letter)
        for letter, number in zip("abcd", numbers, strict=False)
    ]


@pytest.mark.parametrize(
    ("numbers", "limit", "claimed"),
    [
        ((3, 3), 4, ["a==1", "a==2", "b==1", "b==2"]),
        ((5, 1, 1), 5, ["a==1", "a==2", "b==1", "c==1", "a==3"]),
        ((0, 3), 2, ["b==1", "b==2"]),
        ((3, 0, 0), 3, ["a==1", "a==2", "a==3"]),
        ((2, 2, 2), 2, ["a==1", "b==1"]),
        ((1, 1), 9, ["a==1", "b==1"]),
        ((0, 0), 9, []),
    ],
)
async def test_each_gets_its_share(
    database: Database, numbers: tuple[int, ...], limit: int, claimed: list[str]
) -> None:
    ids = await hosts(database, *numbers)
    assert sorted(names(await Jobs(database).claim_fairly(ids, "w", limit, 60))) == sorted(claimed)


async def test_no_code_host_starves_behind_a_long_queue(database: Database) -> None:
    long, short = await hosts(database, 30, 3)
    jobs, turns = Jobs(database), Turns()
    served = []
    for _ in range(8):
        [job] = await jobs.claim_fairly(turns.order({long: 1, short: 100}), "w", 1, 60)
        turns.served([job.code_host_id])
        served.append(job.pin.project)
    assert "".join(served) == "ababab" + "aa"


async def test_without_code_hosts_there_is_nothing(database: Database) -> None:
    assert await Jobs(database).claim_fairly([], "w", 9, 60) == []
