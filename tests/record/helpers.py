"""Values that the tests of the record are fed with."""

from collections.abc import Sequence

from sqlalchemy import update

from codehost.model.jobs import LeasedJob
from codehost.model.members import IngestReport, Skip, SkipReason
from codehost.model.pins import parse_pin
from codehost.model.records import Change, Plan
from codehost.model.releases import Answer, DistributionFile, Download, FileKind, Resolution
from codehost.plan.planner import plan
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.feed import Feed
from codehost.record.hosts import CodeHosts
from codehost.record.releases import Releases
from codehost.record.tables import jobs

MIRROR = "https://mirror.example.com/simple"
SHA256 = "ab" * 32
PATTERN = "python/{project}/{version}"


async def pinned(database: Database, *texts: str, name: str = "host", pattern: str = PATTERN) -> int:
    """A code host whose plan for these pins has been applied; returns its id."""
    code_host_id = await CodeHosts(database).save(name, "{}")
    await replan(database, code_host_id, texts, pattern)
    return code_host_id


async def replan(database: Database, code_host_id: int, texts: Sequence[str], pattern: str = PATTERN) -> Plan:
    """Plan anew for these pins, and apply it."""
    releases = Releases(database)
    made = plan([parse_pin(text) for text in texts], await releases.recorded(code_host_id), pattern)
    await releases.apply_plan(code_host_id, made)
    return made


async def feed_of(database: Database, after: int = 0, limit: int = 1_000) -> list[Change]:
    """What the feed tells behind an entry, or from the beginning."""
    return list((await Feed(database).page(after, limit)).items)


async def let_leases_expire(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(update(jobs).where(jobs.c.owner.is_not(None)).values(lease_expires_at=clock() - 1))


async def let_retries_come_due(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(update(jobs).where(jobs.c.not_before.is_not(None)).values(not_before=clock() - 1))


def resolution(job: LeasedJob, *, yanked: str | None = None) -> Resolution:
    filename = f"{job.pin.project}-{job.pin.version}.tar.gz"
    file = DistributionFile(
        filename=filename,
        url=f"https://files.example.com/{filename}",
        kind=FileKind.SDIST,
        version=job.pin.release.version,
        hashes={"sha256": SHA256},
        size=10,
        upload_time="2024-01-02T03:04:05Z",
        yanked=yanked,
        requires_python=">=3.8",
    )
    page_url = f"{MIRROR}/{job.pin.project}/"
    answer = Answer(mirror=MIRROR, page_url=page_url, said=f"has {filename}")
    return Resolution(pin=job.pin, mirror=MIRROR, page_url=page_url, file=file, why="the first sdist", asked=(answer,))


def download(job: LeasedJob) -> Download:
    url = f"https://cdn.example.com/{job.pin.project}"
    return Download(path="/spool/x", size=10, sha256=SHA256, verified=("sha256",), final_url=url)


def report(commit: str = "c" * 40, remarks: tuple[str, ...] = ()) -> IngestReport:
    skips = (Skip(path="a\0b\udcff", reason=SkipReason.UNSAFE_NAME, size=5),)
    return IngestReport(
        commit=commit,
        tree="d" * 40,
        files=3,
        unpacked_bytes=100,
        packed_bytes=60,
        skipped=1,
        skips=skips,
        remarks=remarks,
    )
