"""A crowd on one database: workers, planners, people, watchers and tidiers at the same time, and a disk in memory.

Whatever the record's functions raise that they do not promise ends the run: a deadlock, a broken constraint.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from codehost.model.circuits import Setback
from codehost.model.errors import Failure, Reason, UserError
from codehost.model.jobs import LeasedJob, LeaseLostError
from codehost.model.pins import parse_pin
from codehost.model.records import RecordedCodeHost
from codehost.model.workers import Doing
from codehost.plan.planner import plan
from codehost.record.agenda import Agenda
from codehost.record.circuits import SharedCircuits
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.ledger import LedgerBudget
from codehost.record.marks import Marked, Marks
from codehost.record.plans import NameHeldError
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.record.secrets import SealedSecret, Secrets
from codehost.record.tallies import gather
from codehost.record.watches import Looked, Watches
from codehost.record.workers import Workers
from tests.record.helpers import MIRROR, PATTERN, download, report, resolution

NAMES = ("one", "two", "three")
PINS = tuple(f"p{number % 8}=={number}" for number in range(24))
LEASE = 0.3


@dataclass(slots=True)
class Disk:
    """Which repositories there are. What a worker publishes or withdraws takes a moment, as on a real disk."""

    repositories: dict[str, tuple[int, int]] = field(default_factory=dict)

    async def publish(self, job: LeasedJob) -> None:
        await asyncio.sleep(random.random() / 500)
        self.repositories[job.repository] = (job.job_id, job.epoch)

    async def withdraw(self, repository: str) -> None:
        await asyncio.sleep(random.random() / 500)
        self.repositories.pop(repository, None)


@dataclass(slots=True)
class Crowd:
    """``databases`` are several pools on the same database."""

    databases: list[Database]
    disk: Disk = field(default_factory=Disk)
    done: dict[str, int] = field(default_factory=dict)
    completed: list[tuple[int, int]] = field(default_factory=list)
    claimed: list[tuple[int, int]] = field(default_factory=list)

    async def run(self, seconds: float) -> None:
        """Let everybody do what they do for so long, each again and again."""
        ends_at = asyncio.get_running_loop().time() + seconds
        for name in NAMES:
            with suppress(UserError):
                await self.hosts().create(name, "{}", source="hosts", priority=100, secrets=sealed(0))
        actors: list[Callable[[], Awaitable[None]]] = [
            *(self.work,) * 4,
            *(self.plan,) * 3,
            self.ask,
            self.ask,
            self.prune,
            self.tidy,
            self.manage,
            self.spend,
            self.spend,
            self.watch,
            self.watch,
            self.fail_mirrors,
            self.look,
        ]

        async def go_on(act: Callable[[], Awaitable[None]]) -> None:
            while asyncio.get_running_loop().time() < ends_at:
                await act()
                name = getattr(act, "__name__", "")
                self.done[name] = self.done.get(name, 0) + 1
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            for act in actors:
                group.create_task(go_on(act))

    def any(self) -> Database:
        return random.choice(self.databases)

    def hosts(self) -> CodeHosts:
        return CodeHosts(self.any())

    async def host(self) -> RecordedCodeHost:
        return random.choice(await self.hosts().all())

    async def work(self) -> None:
        owner, jobs = f"w{random.randrange(6)}", Jobs(self.any())
        hosts = [host.code_host_id for host in await self.hosts().all() if host.removed_at is None]
        random.shuffle(hosts)
        claimed = await jobs.claim_fairly(hosts, owner, random.randrange(1, 6), LEASE)
        self.claimed += [(job.job_id, job.epoch) for job in claimed]
        for job in claimed:
            if random.random() < 0.3:
                await jobs.heartbeat(owner, LEASE)
            with suppress(LeaseLostError):
                await self.end(jobs, job)
        await jobs.due_in(hosts)

    async def end(self, jobs: Jobs, job: LeasedJob) -> None:
        network = Failure(Reason.NETWORK, "no answer", mirror=MIRROR)
        match random.randrange(10):
            case 0:
                await jobs.fail(job, network, random.random() / 10)
            case 1:
                await jobs.fail(job, Failure(Reason.TOO_LARGE, "too large"), None)
            case 2:
                await jobs.release(job)
            case 3:
                await jobs.put_off(job, network, 0.1)
            case 4:
                pass  # its worker is gone
            case 5:
                await asyncio.sleep(2 * LEASE)
                await self.complete(jobs, job)
            case _:
                await self.complete(jobs, job)

    async def complete(self, jobs: Jobs, job: LeasedJob) -> None:
        commit = f"{random.randrange(3):040x}"
        await jobs.complete(job, resolution(job), download(job), report(commit), lambda: self.disk.publish(job))
        self.completed.append((job.job_id, job.epoch))

    async def plan(self) -> None:
        host, database = await self.host(), self.any()
        if host.removed_at is not None:
            return
        agenda, releases = Agenda(database), Releases(database)
        # A code host in ten looks has a document without a name of its own in its pattern: names collide.
        pattern = PATTERN if random.random() < 0.3 else f"{host.name}/{{project}}/{{version}}"
        pins = random.sample(PINS, random.randrange(len(PINS)))
        with suppress(UserError):
            if random.random() < 0.5:
                host = await self.hosts().replace(host, " ".join(pins), source="hosts", secrets=sealed(1))
            held = None
            async with agenda.turn(host.code_host_id) as mine:
                if mine:
                    recorded = await releases.recorded(host.code_host_id)
                    made = plan([parse_pin(pin) for pin in pins], recorded, pattern)
                    try:
                        await releases.follow_plan(host.code_host_id, made, host.document_sha256)
                    except NameHeldError as error:
                        held = error
            for release in held.releases if held is not None else ():
                await self.remove(release.release_id, release.repository)

    async def ask(self) -> None:
        jobs = Jobs(self.any())
        names = [f"{name}/p{number % 8}/{number}" for name in ("python", *NAMES) for number in range(24)]
        chosen = random.sample(names, 10)
        match random.randrange(4):
            case 0:
                await jobs.cancel(chosen)
            case 1:
                await jobs.retry(chosen)
            case 2:
                await jobs.retry_failed(random.choice((None, Reason.NETWORK)))
            case _:
                await asyncio.sleep(0.01)

    async def prune(self) -> None:
        releases = Releases(self.any())
        for host in await self.hosts().all():
            for release in await releases.retired_before(host.code_host_id, await releases.now()):
                await self.remove(release.release_id, release.repository)

    async def remove(self, release_id: int, repository: str) -> None:
        releases = Releases(self.any())
        if await releases.disown(release_id):
            await releases.remove(release_id, lambda: self.disk.withdraw(repository))

    async def tidy(self) -> None:
        await Jobs(self.any()).reclaim_expired(spare="w0")
        await self.hosts().forget_removed()
        await gather(self.any())
        await Workers(self.any()).register("w0", "here", 1, "1")
        await Workers(self.any()).seen(
            "w0", stopping=False, doing=[Doing(repository="a", stage="b", since=1)], waits=()
        )
        await asyncio.sleep(0.02)

    async def manage(self) -> None:
        hosts, name = self.hosts(), random.choice(NAMES)
        with suppress(UserError):
            match random.randrange(8):
                case 0:
                    await hosts.remove(name)
                case 1:
                    await hosts.pause(name, paused=random.random() < 0.5)
                case 2:
                    await hosts.request_sync(name)
                case 3:
                    await hosts.confirm_removal(name)
                case 4:
                    await Secrets(self.any()).renew(lambda _, secret: secret.token)
                case 5:
                    host, secrets = await hosts.read(name)
                    assert {secret.token for secret in secrets} <= {"0", "1"}
                    await hosts.set_problem(host.code_host_id, "x", seen=(host.updated_at, host.applied_at))
                case _:
                    await hosts.create(name, "{}", source="hosts", priority=100, secrets=sealed(0))
        await asyncio.sleep(0.02)

    async def spend(self) -> None:
        host = await self.host()
        with suppress(UserError), forgotten_meanwhile():
            async with LedgerBudget(self.any(), host.code_host_id, 100_000) as budget:
                await budget.spend()
        await asyncio.sleep(0.01)

    async def watch(self) -> None:
        host, watches = await self.host(), Watches(self.any(), lambda: 0.0)
        with forgotten_meanwhile():
            await watches.enrol(host.code_host_id, 0.0)
        for one in await watches.due(host.code_host_id, 3):
            marks = Marks(gone=random.random() < 0.5, yanked=random.choice((None, "")))
            marked = tuple(Marked(release=release, marks=marks) for release in one.releases)
            await watches.store(
                Looked(watch=one, mirror=one.mirror, page_url=one.page_url, marked=marked, again_in=0.05)
            )

    async def fail_mirrors(self) -> None:
        host = await self.host()
        circuits = SharedCircuits(self.any(), host.code_host_id)
        with suppress(Failure), forgotten_meanwhile():
            ticket = await circuits.admit(MIRROR)
            if random.random() < 0.7:
                await circuits.failed(ticket, Setback(reason=Reason.NETWORK, message="no", project="p"))
            else:
                await circuits.succeeded(ticket)
        await asyncio.sleep(0.02)

    async def look(self) -> None:
        for host in await self.hosts().all():
            await Reports(self.any()).counts(host.code_host_id)
        await asyncio.sleep(0.02)


@contextmanager
def forgotten_meanwhile() -> Iterator[None]:
    """Who works for a code host that is not there any more is told so by the database."""
    try:
        yield
    except IntegrityError as error:
        if "code_host_id_fkey" not in str(error) and "FOREIGN KEY" not in str(error):
            raise


def sealed(token: int) -> list[SealedSecret]:
    return [SealedSecret(place=f"/urls/{place}", url=MIRROR, token=str(token)) for place in range(2)]
