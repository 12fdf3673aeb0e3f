import pytest

from codehost.app.jobs import JobRequest, cancel, retry, retry_failed
from codehost.app.storage import Storage
from codehost.model.errors import Failure, Reason, UserError
from codehost.record.database import open_database
from codehost.record.jobs import Jobs
from tests.record.helpers import download, pinned, report, resolution

SIX = JobRequest(changed=("python/six/1.0",))


async def test_asking_makes_nothing(storage: Storage) -> None:
    for ask in (cancel(storage, ["six==1.0"]), retry(storage, ["six==1.0"]), retry_failed(storage, None)):
        with pytest.raises(UserError, match="Nothing has been synced into"):
            await ask
    assert not storage.data.root.exists()


@pytest.mark.parametrize(
    "text",
    [
        "six==1.0",
        "SIX == 1.0.0",
        "python/six/1.0",
        "/python/six/1.0.git",
        "{repos}/python/six/1.0",
        "{repos}/python/six/1.0.git/",
    ],
)
async def test_what_a_job_may_be_called(storage: Storage, text: str) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0", "six==2.0")
    assert await cancel(storage, [text.format(repos=storage.data.repositories)]) == SIX
    assert await retry(storage, [text.format(repos=storage.data.repositories)]) == SIX


@pytest.mark.parametrize("text", ["", "/", "six", "six==3", "six>=1", "\udcff", "python/six/1.0/x"])
async def test_what_no_job_is_called(storage: Storage, text: str) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    made = await retry(storage, [text, "six==1.0"])
    assert made.changed == SIX.changed
    assert [complaint.startswith("There is no pinned release") for complaint in made.complaints] == [True]


async def test_a_pin_means_its_release_in_every_code_host(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        for name in ("one", "two"):
            await pinned(database, "six==1.0", name=name, pattern=f"{name}/{{project}}/{{version}}")
    assert (await cancel(storage, ["six==1.0"])).changed == ("one/six/1.0", "two/six/1.0")


async def test_what_cannot_be_changed_is_told(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        host = await pinned(database, "six==1.0")
        [job] = await Jobs(database).claim(host, "w", 1, 60)
        await Jobs(database).complete(job, resolution(job), download(job), report())
    assert (await cancel(storage, ["six==1.0"])).complaints == (
        "python/six/1.0 is completed: there is nothing to cancel. To remove it, take its pin out of the configuration.",
    )
    assert (await retry(storage, ["six==1.0"])).complaints == (
        "python/six/1.0 is completed: there is nothing to try again. codehost verify --repair renews what is damaged.",
    )


async def test_all_that_failed(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        host = await pinned(database, "six==1.0", "attrs==1.0")
        for job in await Jobs(database).claim(host, "w", 1, 60):
            await Jobs(database).fail(job, Failure(Reason.AUTH, "401"), 600)
    assert await retry_failed(storage, Reason.NETWORK) == JobRequest(changed=())
    assert await retry_failed(storage, None) == SIX
