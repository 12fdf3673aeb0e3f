"""Git without the machine's settings, so that every run measures the same git."""

import subprocess
from pathlib import Path

from benchmarks.archives import CannotDoError

NAME = "Benchmark"
EMAIL = "benchmark@example.invalid"
DATE = "1700000000 +0000"
BRANCH = "latest"
TAG = "v1.0.0"
_SETTINGS = {"gc.auto": "0", "maintenance.auto": "false", "init.defaultBranch": BRANCH, "fastimport.unpackLimit": "0"}


def environment(home: Path) -> dict[str, str]:
    """The variables that shut out system and user settings; ``home`` is an empty directory."""
    variables = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": NAME,
        "GIT_AUTHOR_EMAIL": EMAIL,
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_NAME": NAME,
        "GIT_COMMITTER_EMAIL": EMAIL,
        "GIT_COMMITTER_DATE": DATE,
        "GIT_CONFIG_COUNT": str(len(_SETTINGS)),
    }
    for number, (key, value) in enumerate(_SETTINGS.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder; gives what it printed.

    Raises:
        CannotDoError: git ended with another status than 0.
    """
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, text=True)
    if done.returncode:
        raise CannotDoError(f"git {arguments[0]} ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def tree_of(repository: Path) -> str:
    """The name of the tree that HEAD points at."""
    return git(repository, "rev-parse", "HEAD^{tree}")
