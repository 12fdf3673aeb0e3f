import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema

from codehost.model.jobs import JobState
from codehost.model.status import Status, status_of
from codehost.model.status_json import status_to_json
from tests.model.statuses import BUSY_RECORD, NOW, QUIET_RECORD, STATUS

SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "status.schema.json").read_text(encoding="utf-8"))


def told(status: Status) -> Any:
    found = json.loads(json.dumps(status_to_json(status)))
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft7Validator(SCHEMA).validate(found)
    return found


def test_everything_is_as_the_schema_says() -> None:
    found = told(STATUS)
    busy, quiet = found["codeHosts"]
    assert (busy["name"], busy["paused"], busy["due"], busy["problem"]) == (
        "busy",
        True,
        True,
        BUSY_RECORD.host.problem,
    )
    assert busy["jobs"] == {
        "queued": 7,
        "processing": 1,
        "completed": 0,
        "errored": 3,
        "failed": 1,
        "cancelled": 0,
    }
    assert [(one["state"], one["reason"], one["count"]) for one in busy["failures"]] == [
        ("errored", "network", 3),
        ("failed", "blocked", 1),
    ]
    assert busy["failures"][0]["who"] == "site admin"
    assert busy["queue"]["next"][0] == {
        "position": 1,
        "pin": "a==1",
        "repository": "python/a/1",
        "queuedAt": "2023-11-14T22:13:20Z",
        "again": True,
    }
    assert busy["queue"]["laterAt"] == "2023-11-14T22:14:50Z"
    assert busy["pace"]["perMinute"] == 1.5
    assert busy["budget"] == {"requestsPerHour": 600, "spent": 600, "left": 0, "nextInSeconds": 615.001}
    assert busy["circuits"][0]["openUntil"] == "2023-11-14T22:13:45Z"
    assert busy["marks"] == {"yanked": 3, "quarantined": 0, "gone": 1, "alarms": 2}
    assert (quiet["budget"]["requestsPerHour"], quiet["secondsLeft"]) == (None, 0.0)
    assert [(one["owner"], one["alive"]) for one in found["workers"]] == [
        ("machine:7:abc", True),
        ("gone:1:def", False),
    ]
    assert [wait["kind"] for wait in found["workers"][0]["waits"]] == ["budget", "pace", "mirror"]
    assert found["leases"] == [{"owner": "gone:1:def", "jobs": 2}, {"owner": "machine:7:abc", "jobs": 1}]


def test_what_is_not_known() -> None:
    odd = replace(QUIET_RECORD, reasons={(JobState.FAILED, "of another version"): 1})
    [host] = told(Status(now=NOW, hosts=(status_of(odd, None, readable=False),)))["codeHosts"]
    assert (host["budget"], host["secondsLeft"]) == (None, None)
    assert (host["failures"][0]["who"], host["failures"][0]["advice"]) == (None, None)
    assert told(Status(now=NOW))["codeHosts"] == []
