"""Documents in a real database, and the posts and jobs that follow from them."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from shutil import copyfile as copy

import pytest

from codehost.app.keys import Keyring
from codehost.model.codehosts import Credentials
from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState
from codehost.record.agenda import Agenda
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.urls import POSTGRESQL
from tests.app.daemon.scene import MIRROR, Scene, document
from tests.record.helpers import download, report, resolution
from tests.simulator.certificates import Authority
from tests.wiring import LEASE

OTHER = "https://other.example.com/simple"
PINS = [f"p{number}==1.0" for number in range(15)]


def credentials(here: Scene, code_host_id: int) -> Credentials | None:
    return here.posts.posts[code_host_id].pipeline.config.mirrors[0].credentials


async def test_a_new_document_is_planned_and_worked_by(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0", "attrs==1.0"))
    await here.following().look()
    assert await here.states(code_host_id) == {JobState.QUEUED: 2}
    assert list(here.posts.posts) == [code_host_id]
    entry = await here.entry()
    assert (entry.is_to_be_planned, entry.applied_sha256, entry.problem) == (False, entry.document_sha256, None)


async def test_a_changed_document_is_planned_anew_by_the_post_that_there_is(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0"))
    following = here.following()
    await following.look()
    await here.edit(document("six==2.0", "attrs==1.0"))
    await following.look()
    assert [release.repository for release in await Releases(here.database).retired(code_host_id)] == ["python/six/1.0"]
    assert len(here.opened) == 1
    await here.edit(document("six==2.0", "attrs==1.0", rateLimit={"requestsPerHour": 7}))
    await following.look()
    assert len(here.opened) == 2
    assert here.posts.posts[code_host_id].pipeline.config.rate_limit.requests_per_hour == 7


FAILURES = {"six": Reason.NOT_FOUND, "attrs": Reason.TOO_LARGE, "idna": Reason.AUTH}


async def failed_and_cancelled(here: Scene) -> int:
    """Three releases that failed, in different ways, and one that a person cancelled."""
    code_host_id = await here.add(document(*(f"{project}==1.0" for project in FAILURES), "odd==1.0"))
    jobs = Jobs(here.database)
    await here.following().look()
    await jobs.cancel(["python/odd/1.0"])
    for job in await jobs.claim(code_host_id, "other", 3, LEASE):
        await jobs.fail(job, Failure(FAILURES[job.pin.project], "no luck"), 3_600.0)
    return code_host_id


@pytest.mark.parametrize(
    ("change", "queued"),
    [
        # Another pin heals nothing; other mirrors or limits, or a person who asks, may.
        (lambda here: here.edit(document(*(f"{project}==1.0" for project in FAILURES), "odd==1.0", "new==1.0")), 1),
        (lambda here: here.edit(document(*(f"{project}==1.0" for project in FAILURES), "odd==1.0", urls=[OTHER])), 3),
        (lambda here: here.hosting.request_sync("host"), 3),
    ],
)
async def test_what_failed_is_tried_again_when_that_may_help(
    here: Scene, change: Callable[[Scene], Awaitable[object]], queued: int
) -> None:
    code_host_id = await failed_and_cancelled(here)
    following = here.following()
    await following.look()
    await change(here)
    await following.look()
    states = await here.states(code_host_id)
    assert (states[JobState.QUEUED], states[JobState.CANCELLED]) == (queued, 1)


async def test_where_nothing_has_changed_nothing_is_written(here: Scene) -> None:
    await here.add(document("six==1.0"))
    following = here.following()
    await following.look()
    before = await here.entry()
    assert [await following.look() for _ in range(3)] == [60.0] * 3
    assert (await here.entry(), len(here.opened)) == (before, 1)


async def test_another_worker_plans_and_this_one_waits(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0"))
    following = here.following()
    async with Agenda(here.database).turn(code_host_id) as mine:
        assert mine
        seconds = await following.look()
        if here.database.dialect == POSTGRESQL:  # on SQLite both may
            assert (seconds, await here.states(code_host_id)) == (2.0, {})
    await following.look()
    assert await here.states(code_host_id) == {JobState.QUEUED: 1}


async def test_two_that_look_at_the_same_time_plan_once(here: Scene) -> None:
    code_host_id = await here.add(document(*PINS))
    await asyncio.gather(*(here.following().look() for _ in range(2)))
    assert await here.states(code_host_id) == {JobState.QUEUED: 15}


async def test_a_worker_that_comes_later_works_by_what_is_planned(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0"))
    await here.following().look()
    before = await here.entry()
    here.posts.drop(code_host_id)
    await here.following().look()
    assert list(here.posts.posts) == [code_host_id]
    assert await here.entry() == before


async def test_a_great_removal_waits_until_it_is_confirmed(here: Scene) -> None:
    code_host_id = await here.add(document(*PINS))
    following = here.following()
    await following.look()
    await here.edit(document(PINS[0]))
    await following.look()
    problem = (await here.entry()).problem
    assert problem is not None
    assert "would retire 14 of 15 releases" in problem
    assert "codehost hosts confirm host" in problem
    assert await here.states(code_host_id) == {JobState.QUEUED: 15}
    await here.hosting.confirm_removal("host")
    await following.look()
    entry = await here.entry()
    assert (entry.problem, entry.is_to_be_planned) == (None, False)
    assert len(await Releases(here.database).retired(code_host_id)) == 14


async def test_a_confirmation_is_for_one_document(here: Scene) -> None:
    code_host_id = await here.add(document(*PINS))
    following = here.following()
    await following.look()
    await here.edit(document(PINS[0]))
    await here.hosting.confirm_removal("host")
    await here.edit(document(PINS[1]))
    await following.look()
    assert "would retire 14 of 15" in ((await here.entry()).problem or "")
    assert await here.states(code_host_id) == {JobState.QUEUED: 15}


def with_secret(path: Path, *pins: str) -> str:
    return document(*pins, urls=[{"url": MIRROR, "username": "ann", "password": {"file": str(path)}}])


async def test_a_document_that_cannot_be_used_leaves_the_last_good_one_in_force(here: Scene) -> None:
    secret = here.folder / "secret"
    code_host_id = await here.add(document("six==1.0"))
    following = here.following()
    await following.look()
    await here.edit(with_secret(secret, "six==1.0", "attrs==1.0"))
    assert await following.look() == 30.0
    problem = (await here.entry()).problem or ""
    assert problem.startswith("The document cannot be used on ")
    assert f"names the file {secret}, which does not exist" in problem
    assert (credentials(here, code_host_id), len(here.opened)) == (None, 1)
    assert await here.states(code_host_id) == {JobState.QUEUED: 1}
    secret.write_text("one\n")
    await following.look()
    assert credentials(here, code_host_id) == Credentials(username="ann", password="one")
    assert (await here.entry()).problem is None
    assert await here.states(code_host_id) == {JobState.QUEUED: 2}


async def test_without_an_earlier_document_nothing_is_worked_by(here: Scene) -> None:
    await here.add(with_secret(here.folder / "none", "six==1.0"))
    await here.following().look()
    assert here.posts.posts == {}


async def test_a_variable_is_looked_up_in_the_environment_of_the_start(here: Scene) -> None:
    urls = [{"url": MIRROR, "username": "ann", "password": {"env": "WORD"}}]
    code_host_id = await here.add(document("six==1.0", urls=urls))
    await here.following().look()
    assert "WORD, which is not set" in ((await here.entry()).problem or "")
    await here.following(WORD="one").look()
    assert credentials(here, code_host_id) == Credentials(username="ann", password="one")
    assert (await here.entry()).problem is None


async def test_a_stored_secret_is_put_back(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0", urls=["https://ann:one@mirror.example.com/simple"]))
    assert "one@" not in (await here.host()).document
    following = here.following()
    await following.look()
    assert credentials(here, code_host_id) == Credentials(username="ann", password="one")
    await here.edit(document("six==1.0", urls=["https://ann:two@mirror.example.com/simple"]))
    await following.look()
    assert credentials(here, code_host_id) == Credentials(username="ann", password="two")


async def test_a_key_that_is_missing_is_told_and_found_later(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0", urls=["https://ann:one@mirror.example.com/simple"]))
    key = here.keyring.place.file
    key.rename(key.with_name("elsewhere"))
    here.keyring = Keyring(here.keyring.place)
    following = here.following()
    await following.look()
    assert f"The key file {key} is missing" in ((await here.entry()).problem or "")
    key.with_name("elsewhere").rename(key)
    following.forget()
    await following.look()
    assert list(here.posts.posts) == [code_host_id]


async def test_a_secret_file_that_changes_is_read_again_at_the_next_look(here: Scene) -> None:
    secret = here.folder / "secret"
    secret.write_text("one")
    code_host_id = await here.add(with_secret(secret, "six==1.0"))
    following = here.following()
    await following.look()
    secret.write_text("twelve")
    await following.look()
    assert credentials(here, code_host_id) == Credentials(username="ann", password="twelve")
    # A link that leads elsewhere, as orchestrators do it.
    other = here.folder / "other"
    other.write_text("thirty")
    secret.unlink()
    secret.symlink_to(other)
    await following.look()
    assert credentials(here, code_host_id) == Credentials(username="ann", password="thirty")
    # What is gone for a moment changes nothing.
    other.unlink()
    await following.look()
    assert credentials(here, code_host_id) == Credentials(username="ann", password="thirty")


async def test_certificates_that_change_are_used_by_new_connections(here: Scene) -> None:
    one, other = here.folder / "one", here.folder / "other"
    for folder in (one, other):
        folder.mkdir()
    bundle = Authority().bundle(one)
    await here.add(document("six==1.0", urls=[{"url": MIRROR, "caBundle": bundle}]))
    following = here.following()
    await following.look()
    await following.look()
    assert len(here.opened) == 1
    copy(Authority().bundle(other), bundle)
    await following.look()
    assert (len(here.opened), (await here.entry()).problem) == (2, None)
    # What cannot be used leaves the connections as they are.
    copy(os.devnull, bundle)
    await following.look()
    assert len(here.opened) == 2
    assert "holds no certificate" in ((await here.entry()).problem or "")


async def test_a_reload_reads_everything_again(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0"))
    following = here.following()
    await following.look()
    following.forget()
    assert following.bell.is_set()
    await following.look()
    assert list(here.posts.posts) == [code_host_id]
    assert len(here.opened) == 1


async def test_paused_or_without_a_budget_it_is_planned_and_not_worked_for(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0"))
    await here.hosting.pause("host")
    following = here.following()
    await following.look()
    assert (here.posts.posts, await here.states(code_host_id)) == ({}, {JobState.QUEUED: 1})
    await here.hosting.resume("host")
    await following.look()
    assert list(here.posts.posts) == [code_host_id]
    await here.edit(document("six==1.0", rateLimit={"requestsPerHour": 0}))
    await following.look()
    assert here.posts.posts == {}


async def test_a_removed_code_host_is_left_and_comes_back_with_its_name(here: Scene) -> None:
    code_host_id = await here.add(document("six==1.0"))
    following = here.following()
    await following.look()
    await here.hosting.remove("host")
    assert await following.look() == 60.0
    assert here.posts.posts == {}
    assert await here.add(document("six==1.0")) == code_host_id
    await following.look()
    assert list(here.posts.posts) == [code_host_id]
    assert await here.states(code_host_id) == {JobState.QUEUED: 1}


async def test_code_hosts_of_sync_are_left_alone(here: Scene) -> None:
    code_host_id = await CodeHosts(here.database).save("host", document("six==1.0"))
    await here.following().look()
    assert (here.posts.posts, await here.states(code_host_id)) == ({}, {})


@pytest.mark.parametrize("there", [False, True])
async def test_a_release_that_comes_back_is_made_again_if_its_repository_is_gone(here: Scene, *, there: bool) -> None:
    code_host_id = await here.add(document("six==1.0"))
    following, jobs = here.following(), Jobs(here.database)
    await following.look()
    [job] = await jobs.claim(code_host_id, "me:1", 1, LEASE)
    await jobs.complete(job, resolution(job), download(job), report())
    for pin in ("attrs==1.0", "six==1.0"):
        if there:
            here.posts.data.repository("python/six/1.0").mkdir(parents=True, exist_ok=True)
        await here.edit(document(pin))
        await following.look()
    assert (await here.states(code_host_id)) == {(JobState.COMPLETED if there else JobState.QUEUED): 1}


async def test_a_problem_that_another_machine_has_is_not_written_again_and_again(here: Scene) -> None:
    await here.add(with_secret(here.folder / "none", "six==1.0"))
    following = here.following()
    await following.look()
    before = await here.entry()
    following.forget()
    await following.look()
    assert await here.entry() == before


async def test_it_runs_until_it_is_stopped_and_hears_the_bell(here: Scene) -> None:
    following, stop = here.following(), asyncio.Event()
    running = asyncio.create_task(following.run(stop))
    await asyncio.sleep(0.2)
    code_host_id = await here.add(document("six==1.0"))
    following.bell.set()
    async with asyncio.timeout(5):
        while code_host_id not in here.posts.posts:  # noqa: ASYNC110 - the loop does it
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(running, 2)
