"""What must hold of a fleet's database and data directory, at any moment and when all work is done.

Everything here is read without the program's help. What does not hold raises ``BrokenPromiseError``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from codehost.model.errors import Reason
from codehost.model.jobs import JobState
from tests.acceptance import state
from tests.acceptance.fleet import Fleet

# How a job ends: its state, and the reason of its failure.
End = tuple[JobState, Reason | None]

_ROWS = """
SELECT repository, jobs.state, jobs.reason, epoch, "commit", wanted, jobs.project, pinned_version
FROM releases JOIN jobs ON release_id = releases.id
"""
_TWO_HANDS = """
SELECT job_id, count(*) FROM attempts JOIN jobs ON jobs.id = job_id
WHERE outcome IS NULL GROUP BY job_id, state HAVING count(*) > 1 OR state <> 'processing'
"""
_NO_HANDS = """
SELECT jobs.id FROM jobs LEFT JOIN attempts ON job_id = jobs.id AND attempts.epoch = jobs.epoch AND outcome IS NULL
WHERE state = 'processing' AND (job_id IS NULL OR attempts.owner <> jobs.owner)
"""
_COMPLETIONS = """
SELECT repository, count(*) FROM attempts JOIN jobs ON jobs.id = job_id JOIN releases ON releases.id = release_id
WHERE outcome = 'completed' GROUP BY repository
"""
# With a release its attempts are forgotten, and not what the feed has told of it.
_TOLD = """
SELECT releases.repository, count(*) FROM changes JOIN releases ON releases.repository = changes.repository
WHERE kind <> 'removed' AND at >= created_at GROUP BY releases.repository
"""


class BrokenPromiseError(AssertionError):
    """Something that must hold did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A release and its job. ``key``: its project and version."""

    repository: str
    end: End
    epoch: int
    commit: str | None
    wanted: bool
    key: str


async def rows(fleet: Fleet) -> dict[str, Row]:
    """All releases, by repository."""
    found = await fleet.rows(_ROWS)
    return {
        repository: Row(
            repository=repository,
            end=_end(JobState(job_state), reason),
            epoch=epoch,
            commit=commit,
            wanted=bool(wanted),
            key=f"{project}/{version}",
        )
        for repository, job_state, reason, epoch, commit, wanted, project, version in found
    }


def _end(job_state: JobState, reason: str | None) -> End:
    # A job that is cancelled keeps the reason of its last attempt.
    return job_state, None if reason is None or job_state is JobState.CANCELLED else Reason(reason)


async def check_at_any_moment(fleet: Fleet, commits: Mapping[str, str]) -> None:
    """No completed row without its repository, and no job in two hands or in none."""
    before = await rows(fleet)
    published = state.published(fleet.desk.data)
    after = await rows(fleet)
    for name, row in before.items():
        # What was completed before and after the look, under one epoch, was so all the time in between.
        if row.end[0] is not JobState.COMPLETED or after.get(name) != row:
            continue
        if not row.commit == published.get(name) == commits[row.key]:
            on_disk = published.get(name) or "nothing"
            raise BrokenPromiseError(f"{name} is recorded at {row.commit}, on disk is {on_disk}")
    for query in (_TWO_HANDS, _NO_HANDS):
        if wrong := await fleet.rows(query):
            raise BrokenPromiseError(f"leases and attempts disagree: {wrong}")


async def check_at_the_end(fleet: Fleet, commits: Mapping[str, str], ends: Mapping[str, End], requests: int) -> None:
    """All work is done and all workers have ended: each release has its one end, and nothing else lies about.

    Args:
        fleet: whose database and data directory.
        commits: the right commits, by project and version.
        ends: how each release must have ended, by repository.
        requests: how many arrived at the mirrors since the database was made.
    """
    await check_at_any_moment(fleet, commits)
    found = await rows(fleet)
    data = fleet.desk.data
    published = state.published(data)
    # One that was cancelled may have the repository of an earlier time.
    there = {name for name, row in found.items() if row.end[0] is JobState.CANCELLED and row.commit} & set(published)
    there |= {name for name, row in found.items() if row.end[0] is JobState.COMPLETED}
    _expect("ends", {name: row.end for name, row in found.items() if row.wanted}, dict(ends))
    _expect("unwanted", [name for name, row in found.items() if not row.wanted], [])
    _expect("published", published, {name: commits[found[name].key] for name in there})
    _expect("left over", state.leftovers(data), [])
    _expect("leases", await fleet.rows("SELECT id, owner FROM jobs WHERE owner IS NOT NULL"), [])
    await _check_feed(fleet)
    [(spent,)] = await fleet.rows("SELECT coalesce(sum(tokens), 0) FROM ledger")
    if spent < requests:
        raise BrokenPromiseError(f"{spent} requests in the ledger, {requests} sent")


async def _check_feed(fleet: Fleet) -> None:
    """The feed has no gap, and one entry for each completion of what is there."""
    entries = await fleet.rows("SELECT sequence, repository, kind FROM changes ORDER BY sequence")
    _expect("feed", [sequence for sequence, _, _ in entries], list(range(1, len(entries) + 1)))
    _expect("told", dict(await fleet.rows(_TOLD)), dict(await fleet.rows(_COMPLETIONS)))
    last = {repository: kind for _, repository, kind in entries}
    there = {name for name, kind in last.items() if kind != "removed"}
    _expect("there by the feed", sorted(there), sorted(state.published(fleet.desk.data)))


def _expect(what: str, found: object, right: object) -> None:
    if found == right:
        return
    if isinstance(found, dict) and isinstance(right, dict):
        names = [name for name in {**found, **right} if found.get(name) != right.get(name)]
        found, right = ({name: side.get(name) for name in names} for side in (found, right))
    raise BrokenPromiseError(f"{what}: {found} instead of {right}")
