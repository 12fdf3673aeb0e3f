"""Bare clones in a folder, made by git, each replaced or removed by a rename."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from dulwich.errors import FileFormatException, NotGitRepository
from dulwich.repo import Repo

from codehost.consume.keeping import KeepError
from codehost.consume.news import Item, problem_with, problem_with_name
from codehost.consume.place import Place
from codehost.consume.processes import Ended, run
from codehost.consume.server import HinderedError, Token
from codehost.consume.state import Task
from codehost.durable import sync_directory
from codehost.model.isolation import isolated
from codehost.model.repository_names import clone_path
from codehost.pack.publish import prepare, publish, withdraw

# A clone that takes longer is tried again.
_SECONDS = 3_600.0
_SECTION = (b"zoekt",)
_SETTINGS = {
    # The token goes where it was meant for.
    "http.followRedirects": "false",
    # A server that sends less than this for so many seconds is taken for gone.
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
    "transfer.fsckObjects": "true",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "gc.auto": "0",
    "maintenance.auto": "false",
    # Several clones are made at a time.
    "pack.threads": "1",
}

log = structlog.get_logger("codehost.follow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clones:
    """Clones of a server's repositories.

    Attributes:
        place: where they are.
        url: the server's. What is cloned is below it, whatever the server says.
        token: for the server.
        git: the program.
        search_path: where git finds its own.
        authorities: a file of certificates to trust in place of git's own; None: git's own.
    """

    place: Place
    url: str
    token: Token
    git: str
    search_path: str
    authorities: str | None = None

    async def put(self, task: Task) -> None:
        """Clone it, unless it is there as it is to be. Raises as ``Keeper.put``."""
        if (problem := problem_with(task.item)) is not None:
            raise KeepError(problem)
        try:
            if await asyncio.to_thread(self._holds, task):
                return
            staged = self.place.staging / str(task.number)
            try:
                await self._clone(task, staged)
                await asyncio.to_thread(self._publish, task.item, staged)
            finally:
                for folder in (staged, staged.with_name(f"{staged.name}.replaced")):
                    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        except OSError as error:
            raise KeepError(f"{self.place.folder} cannot be written ({error.strerror or error})") from None
        log.info("cloned", action="clone_made", repository=task.item.name, commit=task.item.commit)

    async def drop(self, task: Task) -> None:
        """Take its clone away, if there is one. Raises as ``Keeper.drop``."""
        if problem_with_name(task.item.name) is not None:
            return  # nothing was ever made by this name
        clone = self.place.clone(task.item.name)
        try:
            there = await asyncio.to_thread(os.path.lexists, clone)
            await asyncio.to_thread(self._remove, clone, self.place.staging / f"{task.number}.removed")
        except OSError as error:
            raise KeepError(f"{clone} cannot be removed ({error.strerror or error})") from None
        if there:
            log.info("removed", action="clone_removed", repository=task.item.name)

    async def lost(self, tasks: list[Task]) -> list[Task]:
        """Those whose clone is not there."""

        def look() -> list[Task]:
            return [task for task in tasks if not (self.place.clone(task.item.name) / "HEAD").exists()]

        return await asyncio.to_thread(look)

    def _holds(self, task: Task) -> bool:
        """Whether the clone is as it is to be: its commit, and what an engine reads in its configuration."""
        clone = self.place.clone(task.item.name)
        if _head(clone) != task.item.commit:
            return False
        with Repo(str(clone)) as repository:
            config = repository.get_config()
            return all(
                config.has_section(_SECTION) and dict(config.items(_SECTION)).get(key.encode()) == value.encode()
                for key, value in _marks(task).items()
            )

    async def _clone(self, task: Task, staged: Path) -> None:
        name, url = task.item.name, f"{self.url}{clone_path(task.item.name)}"
        marks = [word for key, value in _marks(task).items() for word in ("--config", f"zoekt.{key}={value}")]
        # No template: no hooks, and nothing that is the machine's.
        command = [self.git, "clone", "--quiet", "--bare", "--template=", *marks, "--", url, str(staged)]
        try:
            token = self.token.read()
            ended = await run(command, self._environment(token), seconds=_SECONDS)
        except HinderedError as error:
            raise KeepError(str(error)) from None
        except TimeoutError:
            raise KeepError(f"cloning {url} took longer than {_SECONDS:g} seconds") from None
        if ended.status:
            raise KeepError(f"{url} cannot be cloned: {_said(ended, token)}")
        found = await asyncio.to_thread(_head, staged)
        if found != task.item.commit:
            raise KeepError(f"{name} has the commit {found}, and the feed said {task.item.commit}")

    def _environment(self, token: str | None) -> Mapping[str, str]:
        settings = dict(_SETTINGS)
        if token is not None:
            settings["http.extraHeader"] = f"Authorization: Bearer {token}"
        if self.authorities is not None:
            settings["http.sslCAInfo"] = self.authorities
        return isolated(self.search_path, settings, protocols="http:https")

    def _remove(self, clone: Path, doomed: Path) -> None:
        with suppress(FileNotFoundError):
            # By another name: engines take for a repository what ends in .git, whatever is left of it.
            clone.rename(doomed)
            sync_directory(clone.parent)
        shutil.rmtree(doomed, ignore_errors=True)
        withdraw(clone, self.place.staging, self.place.folder)

    def _publish(self, item: Item, staged: Path) -> None:
        for folder, _, files in os.walk(staged, topdown=False):
            for name in files:
                with (Path(folder) / name).open("rb") as file:
                    os.fsync(file.fileno())
            sync_directory(Path(folder))
        clone = self.place.clone(item.name)
        prepare(clone)
        publish(staged, clone, self.place.folder)


def _marks(task: Task) -> dict[str, str]:
    """What Zoekt reads in a repository's configuration, in the section of its name."""
    return {
        "name": task.item.name,
        "repoid": str(task.number),
        "web-url": task.item.web_url,
        # Our pages' addresses of files and lines are made as GitHub's are.
        "web-url-type": "github",
    }


def _head(path: Path) -> str | None:
    """The commit that HEAD leads to; None if there is none."""
    with suppress(NotGitRepository, FileFormatException, KeyError, OSError, ValueError), Repo(str(path)) as repository:
        return str(repository.head().decode())
    return None


def _said(ended: Ended, token: str | None) -> str:
    # A server may send back what it was sent.
    last = ended.last if token is None else ended.last.replace(token, "…")
    return last or f"git ended with status {ended.status}"
