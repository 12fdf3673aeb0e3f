"""Every repository against git and against the database, and the repair of what differs.

git itself checks the objects (``fsck --strict``); GitPython reads what the branch and the tag name.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from git import GitCommandError, Repo
from git.exc import GitError

from codehost.housekeeping import published, withdraw_all
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.jobs import JobState
from codehost.model.records import CompletedRelease
from codehost.pack.repository import BRANCH
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.reports import Reports

# A shell's convention that git follows: 128 and a signal's number; 128 itself is git's own fatal error.
_SIGNALLED = 129


class Defect(StrEnum):
    """What can be wrong with a repository."""

    MISSING = "missing"
    DAMAGED = "damaged"
    WRONG_COMMIT = "wrong-commit"
    STRAY = "stray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One defect. ``release_id`` is None for a stray: a repository that no record vouches for."""

    repository: str
    defect: Defect
    what: str
    release_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The outcome: how many repositories were looked at, and what was wrong."""

    checked: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Looks at every repository of a data directory. The caller holds the directory alone."""

    data: DataDirectory
    hosts: CodeHosts
    jobs: Jobs
    releases: Releases
    reports: Reports

    async def run(self, checked: Callable[[str], None]) -> Verification:
        """Check everything; ``checked`` is told the name of each repository when it is done."""
        completed = await self.reports.completed()
        gate = asyncio.Semaphore(len(os.sched_getaffinity(0)))

        async def check(release: CompletedRelease) -> Finding | None:
            async with gate:
                finding = await asyncio.to_thread(check_repository, self.data, release)
            checked(release.repository)
            return finding

        found = [finding for finding in await asyncio.gather(*map(check, completed)) if finding is not None]
        found += await asyncio.to_thread(self._strays, await self._vouched_for())
        return Verification(checked=len(completed), findings=tuple(found))

    async def _vouched_for(self) -> set[str]:
        names: set[str] = set()
        for host in await self.hosts.all():
            recorded = await self.releases.recorded(host.code_host_id)
            names.update(release.repository for release in recorded if release.state is JobState.COMPLETED)
        return names

    def _strays(self, vouched_for: set[str]) -> list[Finding]:
        return [
            Finding(repository=name, defect=Defect.STRAY, what="no completed release in the database has this name")
            for name in published(self.data)
            if name not in vouched_for
        ]

    async def repair(self, findings: Iterable[Finding]) -> None:
        """Queue the releases again whose repositories are unsound, and take away what is not vouched for."""
        found = list(findings)
        known = [finding.release_id for finding in found if finding.release_id is not None]
        await self.jobs.requeue(known)
        for release_id in known:
            await self.releases.disown(release_id)  # retired ones: nobody wants them made again
        await self.releases.lose(finding.repository for finding in found)
        await asyncio.to_thread(withdraw_all, self.data, [finding.repository for finding in found])


def open_repository(path: Path) -> Repo:
    """The repository at ``path``, whoever owns it, read without the machine's git configuration."""
    repo = Repo(path)
    # A repository that is named and not looked for may belong to anybody: git's check of owners would make every
    # repository look damaged to another user.
    repo.git.update_environment(GIT_DIR=str(path), GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=os.devnull)
    return repo


def check_repository(data: DataDirectory, release: CompletedRelease) -> Finding | None:
    """One repository: is it there, is it sound, does it hold the recorded commit."""

    def finding(defect: Defect, what: str) -> Finding:
        return Finding(repository=release.repository, defect=defect, what=what, release_id=release.release_id)

    path = data.repository(release.repository)
    if not path.is_dir():
        return finding(Defect.MISSING, "there is no such directory")
    try:
        with open_repository(path) as repo:
            heads = {BRANCH: repo.heads[BRANCH].commit.hexsha, "HEAD": repo.head.commit.hexsha}
            tag = f"v{release.pinned_version}"
            heads[tag] = repo.tags[tag].commit.hexsha
            repo.git.fsck("--strict", "--full", "--no-dangling", "--no-progress")
    except GitCommandError as error:
        if not isinstance(error.status, int) or not 0 < error.status < _SIGNALLED:
            raise _unchecked(release, f"git ended with {error.status}") from error
        return finding(Defect.DAMAGED, f"git fsck says: {_last_line(error)}")
    except (GitError, ValueError, FileNotFoundError, NotADirectoryError, IndexError, KeyError) as error:
        return finding(Defect.DAMAGED, f"git cannot read it ({type(error).__name__})")
    except OSError as error:
        raise _unchecked(release, error.strerror or str(error)) from error
    for name, commit in heads.items():
        if commit != release.commit:
            return finding(Defect.WRONG_COMMIT, f"{name} is {commit}, recorded is {release.commit}")
    return None


def _unchecked(release: CompletedRelease, why: str) -> UserError:
    """Not being able to look is no defect: nothing may be repaired for it."""
    return UserError(f"{release.repository} could not be checked ({why}): mend that, then run codehost verify again.")


def _last_line(error: GitCommandError) -> str:
    # GitPython wraps what git said: stderr: '...'
    lines = str(error.stderr or error).strip().removeprefix("stderr: '").removesuffix("'").splitlines()
    return lines[-1].strip() if lines else "damaged"
