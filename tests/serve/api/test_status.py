import json
from pathlib import Path

import jsonschema
import pytest

from codehost.app.overview import Lookout
from codehost.model.circuits import Setback
from codehost.model.errors import Failure, Reason
from codehost.model.status_json import status_to_json
from codehost.model.workers import Doing, Wait, WaitKind
from codehost.record.circuits import SharedCircuits
from codehost.record.jobs import Jobs
from codehost.record.workers import Workers
from tests.record.helpers import MIRROR, pinned
from tests.serve.api.administered import Administered

SCHEMA = Path(__file__).parents[3] / "schema" / "status.schema.json"


@pytest.fixture
async def busy(both: Administered) -> Administered:
    """Work under way, and a mirror that is left alone."""
    database = both.database
    await both.hosting.add("work", '{"urls": ["https://a.example"], "rateLimit": {"requestsPerHour": 60}}')
    host = await pinned(database, "six==1.0", "six==2.0")
    jobs, workers = Jobs(database), Workers(database)
    job, _ = await jobs.claim(host, "w", 2, 60)
    await jobs.fail(job, Failure(Reason.NOT_FOUND, "it is not there"), 60.0)
    await workers.register("w", "there", 7, "1.2.3")
    wait = Wait(kind=WaitKind.MIRROR, code_host="host", since=1, until=2, mirror=MIRROR)
    doing = Doing(repository="python/six/2.0", stage="resolve", since=1)
    await workers.seen("w", stopping=False, doing=[doing], waits=[wait])
    circuits = SharedCircuits(database, host)
    setback = Setback(reason=Reason.THROTTLED, message="slower", project="six")
    await circuits.failed(await circuits.admit(MIRROR), setback)
    return both


async def test_the_status_is_that_of_the_command(busy: Administered) -> None:
    answer = await busy.ask("GET", "/status", token=busy.reader)
    printed = json.loads(json.dumps(status_to_json(await Lookout(busy.database).status())))
    told = answer.json
    for status in (told, printed):
        status.pop("at")
        for host in status["codeHosts"]:
            host["pace"].pop("seconds"), host["pace"].pop("perMinute"), host.pop("secondsLeft")
    assert told == printed
    assert len(told["codeHosts"]) == 2


async def test_the_status_keeps_its_schema(busy: Administered) -> None:
    jsonschema.validate((await busy.ask("GET", "/status")).json, json.loads(SCHEMA.read_text()))


async def test_workers(busy: Administered) -> None:
    [worker] = (await busy.ask("GET", "/workers")).json["items"]
    assert (worker["owner"], worker["host"], worker["pid"], worker["alive"]) == ("w", "there", 7, True)
    assert (worker["doing"][0]["repository"], worker["waits"][0]["kind"]) == ("python/six/2.0", "mirror")


async def test_mirrors_that_fail(busy: Administered) -> None:
    [mirror] = (await busy.ask("GET", "/mirrors")).json["items"]
    assert (mirror["codeHost"], mirror["mirror"], mirror["reason"]) == ("host", MIRROR, "throttled")
    assert (mirror["leftAlone"], mirror["failures"], mirror["message"]) == (True, 1, "slower")


async def test_budgets(busy: Administered) -> None:
    found = {one["codeHost"]: one["budget"] for one in (await busy.ask("GET", "/budget")).json["items"]}
    assert found["work"] == {"requestsPerHour": 60, "spent": 0, "left": 60, "nextInSeconds": 0}
    assert set(found) == {"work", "host"}


async def test_nothing_is_there_yet(site: Administered) -> None:
    for path in ("/workers", "/mirrors", "/budget", "/code-hosts"):
        assert (await site.ask("GET", path)).json["items"] == []
    assert (await site.ask("GET", "/status")).json["codeHosts"] == []
