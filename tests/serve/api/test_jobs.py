from urllib.parse import urlsplit

import pytest

from codehost.model.errors import Failure, Reason
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from tests.record.helpers import download, pinned, report, resolution
from tests.serve.api.administered import Administered


async def fill(database: Database) -> None:
    """Two code hosts; of the first, a job in each state but cancelled."""
    one = await pinned(
        database, *(f"six=={number}.0" for number in range(5)), name="one", pattern="1/{project}/{version}"
    )
    await pinned(database, "attrs==1.0", "six==1.0", name="two", pattern="2/{project}/{version}")
    jobs = Jobs(database)
    done, missing, odd, _ = await jobs.claim(one, "w", 4, 60)
    await jobs.complete(done, resolution(done), download(done), report())
    await jobs.fail(missing, Failure(Reason.NOT_FOUND, "it is not there"), 60.0)
    await jobs.fail(odd, Failure(Reason.TOO_LARGE, "it is too large"), None)


async def names(site: Administered, query: str) -> list[str]:
    """The repositories on all pages that a query leads to."""
    found, path = [], f"/jobs?{query}"
    while path:
        answer = await site.ask("GET", path)
        assert answer.status == 200, answer.content
        found += [job["repository"] for job in answer.json["items"]]
        path = ""
        if cursor := answer.json["next"]:
            link = answer.headers["Link"]
            assert link.endswith('>; rel="next"')
            address = urlsplit(link.partition(">")[0].removeprefix("<"))
            assert f"after={cursor}" in address.query
            path = f"/jobs?{address.query}"
    return found


ONE = [f"1/six/{number}.0" for number in range(5)]
TWO = ["2/attrs/1.0", "2/six/1.0"]


@pytest.mark.parametrize(
    ("query", "repositories"),
    [
        ("", ONE + TWO),
        ("codeHost=two", TWO),
        ("state=completed", ONE[:1]),
        ("state=errored", ONE[1:2]),
        ("reason=not-found", ONE[1:2]),
        ("reason=too-large", ONE[2:3]),
        ("reason=too-large&state=errored", []),
        ("reason=too-large&state=completed", []),
        ("state=processing&codeHost=one", ONE[3:4]),
        ("state=queued", [ONE[4], *TWO]),
        ("state=cancelled", []),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
async def test_pages_of_jobs(both: Administered, query: str, repositories: list[str], limit: int) -> None:
    await fill(both.database)
    assert await names(both, f"{query}&limit={limit}") == repositories


async def test_what_is_told_of_a_job(site: Administered) -> None:
    await fill(site.database)
    [job] = (await site.ask("GET", "/jobs?state=errored", token=site.reader)).json["items"]
    moments = {key: job.pop(key) for key in ("queuedAt", "startedAt", "finishedAt", "againAt")}
    assert all(moment.endswith("Z") and len(moment) == 24 for moment in moments.values())
    assert moments["againAt"] > moments["finishedAt"]
    advice = job.pop("advice")
    assert advice.startswith("Check the project's name")
    assert job == {
        "repository": "1/six/1.0",
        "pin": "six==1.0",
        "codeHost": "one",
        "state": "errored",
        "reason": "not-found",
        "message": "it is not there",
        "who": "site admin",
        "attempts": 1,
        "retired": False,
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("after=x", 422),
        ("after=1", 422),
        ("after=-1-1", 422),
        ("after=9999999999999999999-1", 422),
        ("after=999999999999999999-999999999999999999", 200),
        ("after=٣-٣", 422),
        ("limit=0", 422),
        ("limit=1001", 422),
        ("state=odd", 422),
        ("reason=odd", 422),
        ("codeHost=none", 404),
        ("codeHost=", 404),
        ("codeHost=%00", 422),
        ("codeHost=%0A", 404),
        ("other=1", 422),
        ("state=queued&state=failed", 422),
    ],
)
async def test_odd_queries(both: Administered, query: str, status: int) -> None:
    assert (await both.ask("GET", f"/jobs?{query}")).status == status


async def test_jobs_are_cancelled_and_tried_again(both: Administered) -> None:
    await fill(both.database)
    body = {"repositories": ["six==1.0", "1/six/0.0", "no-such==1"]}
    cancelled = await both.ask("POST", "/jobs/cancel", body)
    assert (cancelled.status, cancelled.json["repositories"]) == (200, ["1/six/1.0", "2/six/1.0"])
    assert [text.partition(" ")[0] for text in cancelled.json["complaints"]] == ["There", "1/six/0.0"]
    assert await names(both, "state=cancelled") == ["1/six/1.0", "2/six/1.0"]
    again = await both.ask("POST", "/jobs/retry", {"repositories": ["2/six/1.0"]})
    assert (again.json["changed"], again.json["repositories"]) == (1, ["2/six/1.0"])
    assert await names(both, "state=cancelled") == ["1/six/1.0"]


@pytest.mark.parametrize(
    ("body", "left"),
    [({"reason": "too-large"}, ["1/six/1.0"]), ({"failed": True}, []), ({"failed": True, "reason": "auth"}, None)],
)
async def test_what_failed_is_tried_again(site: Administered, body: dict[str, object], left: list[str] | None) -> None:
    await fill(site.database)
    answer = await site.ask("POST", "/jobs/retry", body)
    failed = ["1/six/1.0", "1/six/2.0"]
    assert answer.json["changed"] == 2 - len(failed if left is None else left)
    assert await names(site, "state=errored") + await names(site, "state=failed") == (failed if left is None else left)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"failed": False},
        {"repositories": []},
        {"repositories": [""]},
        {"repositories": ["six==1.0"], "failed": True},
        {"repositories": ["six==1.0"], "reason": "auth"},
        {"reason": "odd"},
        {"repositories": ["x"] * 1_001},
    ],
)
async def test_requests_that_name_no_jobs(site: Administered, body: dict[str, object]) -> None:
    assert (await site.ask("POST", "/jobs/retry", body)).status == 422


@pytest.mark.parametrize("text", ["\0", "../../x", "six==1.0\0", "é" * 1_000, "/"])
async def test_whatever_a_repository_is_called(both: Administered, text: str) -> None:
    answer = await both.ask("POST", "/jobs/cancel", {"repositories": [text]})
    assert (answer.status, answer.json["changed"], len(answer.json["complaints"])) == (200, 0, 1)


async def test_changing_jobs_is_for_admins(site: Administered) -> None:
    for path in ("/jobs/cancel", "/jobs/retry"):
        assert (await site.ask("POST", path, {"repositories": ["x"]}, token=site.reader)).status == 403
