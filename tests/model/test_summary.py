import json
from pathlib import Path

import jsonschema

from codehost.model.jobs import JobState
from codehost.model.records import FailedRelease, ReleaseOutcome
from codehost.model.summary import SyncSummary, summary_to_json

SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "sync-summary.schema.json").read_text(encoding="utf-8"))

FAILED = FailedRelease(
    project="attrs",
    pinned_version="2.0",
    repository="python/attrs/2.0",
    state=JobState.ERRORED,
    reason="network",
    message="no answer",
    attempts=1,
    not_before=None,
)


def outcome(
    project: str, state: JobState, *, reason: str | None = None, commit: str | None = None, skipped: int | None = None
) -> ReleaseOutcome:
    return ReleaseOutcome(
        project=project,
        version="1",
        pinned_version="1.0",
        repository=f"python/{project}/1.0",
        state=state,
        reason=reason,
        message=reason and "what happened",
        commit=commit,
        mirror=commit and "https://mirror.example.com/simple",
        file_name=commit and f"{project}-1.0.tar.gz",
        sha256=commit and "ab" * 32,
        skipped=skipped,
    )


def test_complete_and_unfinished() -> None:
    done = SyncSummary(code_host="host", wanted=3, unchanged=1, synced=2)
    assert (done.complete, done.unfinished) == (True, 0)
    early = SyncSummary(code_host="host", wanted=5, unchanged=1, synced=2, failures=(FAILED,))
    assert (early.complete, early.unfinished) == (False, 1)
    assert SyncSummary(code_host="host", wanted=0, unchanged=0, synced=0).complete


def test_as_json() -> None:
    summary = SyncSummary(
        code_host="host",
        wanted=4,
        unchanged=1,
        synced=1,
        failures=(FAILED,),
        retired=("python/a/1", "python/b/1"),
        pruned=("python/a/1",),
        requests_sent=5,
        requests_left=7,
        downloaded_bytes=1000,
        seconds=1.23456,
        halted="why",
    )
    outcomes = [
        outcome("six", JobState.COMPLETED, commit="c" * 40, skipped=2),
        outcome("attrs", JobState.ERRORED, reason="network"),
        outcome("idna", JobState.QUEUED),
    ]
    made = json.loads(json.dumps(summary_to_json(summary, outcomes)))
    jsonschema.Draft7Validator(SCHEMA).validate(made)
    assert made["counts"] == {
        "wanted": 4,
        "unchanged": 1,
        "synced": 1,
        "failed": 1,
        "unfinished": 1,
        "retired": 2,
        "pruned": 1,
    }
    assert (made["requests"], made["seconds"], made["halted"]) == ({"sent": 5, "left": 7}, 1.235, "why")
    assert [(pin["pin"], pin["state"], pin["skips"]) for pin in made["pins"]] == [
        ("six==1.0", "completed", 2),
        ("attrs==1.0", "errored", 0),
        ("idna==1.0", "queued", 0),
    ]


def test_the_schema_is_one_and_names_every_state() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]["pins"]["items"]["properties"]["state"]["enum"]) == set(JobState)
