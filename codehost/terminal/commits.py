"""What a repository itself says, read with GitPython."""

from pathlib import Path

from git.exc import GitError

from codehost.verify import open_repository


def last_commit(path: Path) -> str | None:
    """Author and date of the newest commit, None if the repository cannot be read."""
    try:
        with open_repository(path) as repo:
            commit = repo.head.commit
            return f"{commit.author.name} <{commit.author.email}>, {commit.committed_datetime:%Y-%m-%d %H:%M:%S %z}"
    except (GitError, ValueError, OSError):
        return None
