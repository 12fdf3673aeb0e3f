"""The clock is set back while a mirror is left alone: here, what is written down moves ahead instead."""

import pytest
from sqlalchemy import update

from codehost.model.circuits import Setback
from codehost.model.errors import Reason
from codehost.record.ahead import come_back
from codehost.record.circuits import SharedCircuits
from codehost.record.clock import MICROSECONDS
from codehost.record.database import Database
from codehost.record.tables import circuits
from tests.record.helpers import pinned

HOUR = 3_600 * MICROSECONDS
URL = "https://mirror.example.com/simple"

CASES = [
    # by how much the clock was set back, whether somebody saw it, whether the mirror may be asked then
    (HOUR, False, True),
    (0, True, True),
    (0, False, False),
]


@pytest.mark.parametrize(("by", "seen", "asked"), CASES)
async def test_a_mirror_does_not_rest_for_the_time_that_comes_again(
    database: Database,
    by: int,
    seen: bool,  # noqa: FBT001 - a case
    asked: bool,  # noqa: FBT001 - a case
) -> None:
    made = SharedCircuits(database, await pinned(database, "six==1.0"), refresh=0.0)
    for _ in range(5):
        setback = Setback(reason=Reason.NETWORK, message="broken", project="six")
        await made.failed(await made.admit(URL), setback)
    async with database.write() as connection:
        moved = {"since": circuits.c.since + by, "open_until": circuits.c.open_until + by}
        await connection.execute(update(circuits).values(moved))
    await come_back(database, lease_seconds=120.0, living=(), seen=seen)
    assert (await made.rest(URL) == 0.0) is asked
