"""Clients that real search engines are made of, and what git itself does less often than to clone."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dulwich import porcelain

from codehost.model.datadir import DataDirectory
from tests.serve.git.serving import Serving, client_environment, git, make_repository, serving

NAME = "python/six/1.0"
LARGE = "python/large/1!2.0+x.git"
GO_GIT = Path(__file__).with_name("gogit")


@pytest.fixture(scope="module")
def commits() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, commits: dict[str, str]) -> DataDirectory:
    data = DataDirectory(tmp_path_factory.mktemp("data"))
    commits[NAME] = make_repository(data, NAME)
    commits[LARGE] = make_repository(data, LARGE, files=30, size=100_000)
    return data


@pytest.fixture(scope="module")
def server(data: DataDirectory) -> Iterator[Serving]:
    with serving(data) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def built(folder: Path) -> Path:
    """The client made of go-git, of the versions that its go.sum pins."""
    if shutil.which("go") is None:
        if "go" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
            pytest.fail("go is required but missing: install Go 1.26 or newer")
        pytest.skip("go is missing")
    program = folder / "gogit"
    command = ["go", "build", "-buildvcs=false", "-mod=readonly", "-o", str(program), "."]
    made = subprocess.run(command, cwd=GO_GIT, capture_output=True, text=True, check=False, timeout=300)
    assert made.returncode == 0, made.stderr
    return program


def test_go_git(server: Serving, commits: dict[str, str], home: Path) -> None:
    program = built(home)

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command, variables = [str(program), *arguments], client_environment(home)
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)

    for name, files in ((NAME, 5), (LARGE, 30)):
        for depth in ("0", "1"):
            cloned = run("clone", server.url(name), depth)
            assert cloned.stdout == f"{commits[name]} refs/heads/latest {files}\n", cloned.stderr
    nothing = "0" * 40
    listed = run("list", server.url(NAME))
    assert listed.stdout.splitlines() == [
        f"HEAD refs/heads/latest{nothing}",
        f"refs/heads/latest {commits[NAME]}",
        f"refs/tags/v1 {commits[NAME]}",
    ]
    missing = run("clone", server.url("python/none/1.0"), "0")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "repository not found" in missing.stderr


@pytest.mark.parametrize("version", [0, 2])
def test_dulwich_takes_one_commit(server: Serving, commits: dict[str, str], tmp_path: Path, *, version: int) -> None:
    cloning = porcelain.clone(server.url(NAME), str(tmp_path / "out"), depth=1, protocol_version=version)
    with cloning as cloned:
        assert cloned.head().decode() == commits[NAME]
    assert len(list((tmp_path / "out").glob("*.py"))) == 5


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_shallow_clone_becomes_a_whole_one(server: Serving, home: Path, version: int) -> None:
    how = ("-c", f"protocol.version={version}")
    assert git(home, *how, "clone", "--depth=1", server.url(LARGE), "out").returncode == 0
    before = git(home / "out", "count-objects", "-v").stdout
    # One commit is all there is: git may see by itself that nothing is missing.
    done = git(home / "out", *how, "fetch", "--unshallow")
    assert done.returncode == 0 or "--unshallow on a complete repository" in done.stderr, done.stderr
    assert git(home / "out", *how, "fetch", "--depth=1").returncode == 0
    assert git(home / "out", *how, "fetch", "--shallow-since=2001-01-01").returncode == 0
    assert git(home / "out", "count-objects", "-v").stdout == before
    assert git(home / "out", "fsck", "--strict").returncode == 0


FILTERS = [
    *((version, "blob:none") for version in (0, 1, 2)),
    *((2, what) for what in ("blob:limit=1k", "tree:0", "object:type=commit")),
]


@pytest.mark.parametrize(("version", "what"), FILTERS)
def test_partial_clones(server: Serving, home: Path, version: int, what: str) -> None:
    how = ("-c", f"protocol.version={version}", "clone", "--no-checkout", f"--filter={what}")
    cloned = git(home, *how, server.url(LARGE), "out")
    assert (cloned.returncode, cloned.stderr) == (0, "Cloning into 'out'...\n")
    missing = git(home / "out", "rev-list", "--objects", "--all", "--missing=print").stdout
    assert "\n?" in missing


# A filter that is a file of the repository, and any number of filters in one.
REFUSED = [(0, "sparse:oid=HEAD:p"), (2, "sparse:oid=HEAD:p"), (2, "combine:blob:none+sparse:oid=HEAD:p")]


@pytest.mark.parametrize(("version", "what"), REFUSED)
def test_filters_that_cost_without_bounds_are_refused(server: Serving, home: Path, version: int, what: str) -> None:
    how = ("-c", f"protocol.version={version}", "clone", "--no-checkout", f"--filter={what}")
    cloned = git(home, *how, server.url(NAME), "out")
    assert cloned.returncode != 0
    assert "not supported" in cloned.stderr, cloned.stderr


def test_archives_are_not_served(server: Serving, home: Path) -> None:
    refused = git(home, "archive", f"--remote={server.url(NAME)}", "HEAD")
    assert (refused.returncode != 0, refused.stdout) == (True, "")
    assert {one.way for one in server.served if one.status != 200} <= {"none"}
