"""What must be true of a data directory after a power loss, before anything has been started again."""

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.acceptance import state
from tests.acceptance.kill import BrokenPromiseError
from tests.acceptance.power_disk import Disk, Tree, nothing, write_tree
from tests.acceptance.power_trace import Kind, Step

DATA = "data"
_GIT_ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ.get("PATH", "")}

Content = tuple[tuple[str, bytes | None], ...]


def repository(pin: str) -> str:
    """The name of a pin's repository."""
    return f"python/{pin.replace('==', '/')}"


@dataclass(slots=True, kw_only=True)
class Told:
    """What others know at a moment, and what therefore must not be forgotten.

    ``requests``: how many were sent. ``synced``: the repositories that were said to be there. ``pins``: those of the
    document in force; ``planned``: those of the last one that was said to be planned.
    """

    requests: int = 0
    synced: set[str] = field(default_factory=set)
    pins: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()

    def learn(self, step: Step, mirror: str) -> None:
        """Note what a step tells; ``mirror`` is the address of the one that is asked."""
        if step.kind is Kind.SEND and step.path.endswith(f"->{mirror}") and step.data.startswith(b"GET "):
            self.requests += 1
        elif step.kind is Kind.SAY:
            for line in step.data.decode().splitlines():
                self._hear(dict(part.partition("=")[::2] for part in line.split()))

    def _hear(self, said: dict[str, str]) -> None:
        match said.get("action"):
            case "synced":
                self.synced.add(said["repository"])
            case "pruned":
                self.synced.discard(said["repository"])
            case "planned":
                self.planned = self.pins

    def copy(self) -> "Told":
        """What is known now, whatever is learnt later."""
        return replace(self, synced=set(self.synced))


@dataclass(slots=True, kw_only=True)
class Judge:
    """Says what is wrong with what is left. ``folder`` is for its own use; ``commits``: those of undisturbed runs."""

    folder: Path
    commits: dict[str, str]
    judged: int = 0
    _heads: dict[Content, str] = field(default_factory=dict)

    def judge(self, tree: Tree, told: Told) -> None:
        """Judge what is left on a disk on which the data directory is called ``data``.

        Raises:
            BrokenPromiseError: a promise does not hold.
        """
        self.judged += 1
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            data = Path(folder)
            write_tree(files_of_database(tree), data)
            self._judge_database(data, tree, told)

    def _judge_database(self, data: Path, tree: Tree, told: Told) -> None:
        verdict = [row for (row,) in _rows(data, "PRAGMA integrity_check") if row != "ok"]
        if verdict:
            raise BrokenPromiseError(f"the database is damaged: {verdict}")
        recorded = state.recorded(data)
        for name, commit in recorded.items():
            self.judge_repository(tree, name, commit)
        pinned = {repository(pin) for pin in told.pins}
        if forgotten := (told.synced & pinned) - recorded.keys():
            raise BrokenPromiseError(f"said to be synced, and not recorded: {sorted(forgotten)}")
        if told.planned == told.pins:
            wanted = {name for (name,) in _rows(data, "SELECT repository FROM releases WHERE wanted")}
            if lost := pinned - wanted:
                raise BrokenPromiseError(f"said to be planned, and lost: {sorted(lost)}")
        if (spent := state.spent(data)) < told.requests:
            raise BrokenPromiseError(f"{told.requests} requests sent, {spent} in the ledger")
        for (number,) in _rows(data, "SELECT value FROM counters WHERE name = 'data-directory'"):
            judge_identity(tree, f"{number}\n".encode())

    def judge_repository(self, tree: Tree, name: str, commit: str) -> None:
        """A repository that is recorded at a commit is there, whole and sound.

        Raises:
            BrokenPromiseError: it is not.
        """
        top = f"{DATA}/repos/{name}.git/"
        held = tuple((path.removeprefix(top), content) for path, content in tree.items() if path.startswith(top))
        if not held:
            raise BrokenPromiseError(f"{name} is recorded at {commit} and has no repository")
        if held not in self._heads:
            self._heads[held] = self._head(dict(held))
        if self._heads[held] != commit or commit != self.commits.get(name):
            raise BrokenPromiseError(f"{name} is recorded at {commit}, git finds {self._heads[held]!r}")

    def _head(self, tree: Tree) -> str:
        """The commit of a sound repository, or what git says against it."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            write_tree(tree, Path(folder))
            checked = _git(folder, "fsck", "--full", "--strict", "--no-dangling", "--no-progress")
            head = _git(folder, "rev-parse", "HEAD^{commit}")
        return checked.stderr or head.stderr if checked.returncode or head.returncode else head.stdout.strip()


def judge_commits(steps: Iterable[Step], disk: Disk, server: str, judge: Judge) -> set[str]:
    """Judge what is recorded in a PostgreSQL server at this address, whose own durability is its own.

    From the moment at which a COMMIT is sent it may be done. By then what the transaction says must be on the disk.

    Returns:
        The repositories that were recorded, and "id" if the number of the data directory was.

    Raises:
        BrokenPromiseError: something is recorded too soon.
    """
    found = set()
    said: dict[str, bytes] = {}
    for step in steps:
        if step.kind is Kind.SEND and step.path.endswith(f"->{server}"):
            so_far = b"" if b"BEGIN" in step.data else said.get(step.path, b"")
            said[step.path] = so_far + step.data
            if b"COMMIT" in step.data:
                found |= _judge_commit(said[step.path], disk.after(nothing()), judge)
        disk.do(step)
    return found


def _judge_commit(said: bytes, tree: Tree, judge: Judge) -> set[str]:
    found = set()
    for name, commit in judge.commits.items():
        if name.encode() in said and commit.encode() in said:
            judge.judge_repository(tree, name, commit)
            found.add(name)
    if b"INSERT INTO counters" in said and b"data-directory" in said:
        if not (tree.get(f"{DATA}/id") or b"").strip().isdigit():
            raise BrokenPromiseError("the number of the data directory is recorded before the directory has it")
        found.add("id")
    return found


def judge_identity(tree: Tree, number: bytes) -> None:
    """The data directory says the number that its database knows it by.

    Raises:
        BrokenPromiseError: it does not.
    """
    found = tree.get(f"{DATA}/id")
    if found != number:
        raise BrokenPromiseError(f"the data directory has the number {found!r}, its database says {number!r}")


def files_of_database(tree: Tree) -> Tree:
    """The database with its logs. The index of the write-ahead log is shared memory and no data."""
    names = ("codehost.db", "codehost.db-journal", "codehost.db-wal")
    return {name: tree[f"{DATA}/{name}"] for name in names if f"{DATA}/{name}" in tree}


def _rows(data: Path, query: str) -> list[Any]:
    """Rows of the database; none if there is no such table yet."""
    if not (data / "codehost.db").exists():
        return []
    with closing(sqlite3.connect(data / "codehost.db")) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        except sqlite3.DatabaseError as error:
            raise BrokenPromiseError(f"the database is damaged: {error}") from error


def _git(folder: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["git", f"--git-dir={folder}", *arguments]
    return subprocess.run(command, env=_GIT_ENVIRONMENT, capture_output=True, text=True, check=False)
