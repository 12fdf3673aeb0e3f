import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codehost.pack.publish import prepare, publish, withdraw


def make(path: Path, content: str) -> Path:
    path.mkdir(parents=True)
    (path / "HEAD").write_text(content)
    return path


def test_publish_moves_the_repository_into_new_directories(tmp_path: Path) -> None:
    final = tmp_path / "repos" / "python" / "six" / "1.0.git"
    publish(make(tmp_path / "staging" / "7", "new"), final, tmp_path / "repos")
    assert (final / "HEAD").read_text() == "new"
    assert not any((tmp_path / "staging").iterdir())


def test_publish_puts_an_earlier_repository_aside(tmp_path: Path) -> None:
    final = make(tmp_path / "repos" / "python" / "six" / "1.0.git", "old")
    staged = make(tmp_path / "staging" / "7", "new")
    publish(staged, final, tmp_path / "repos")
    assert (final / "HEAD").read_text() == "new"
    assert (tmp_path / "staging" / "7.replaced" / "HEAD").read_text() == "old"


def test_a_failed_publication_leaves_the_staged_repository(tmp_path: Path) -> None:
    staged = make(tmp_path / "staging" / "7", "new")
    (tmp_path / "repos").write_text("a file in the way")
    with pytest.raises(OSError, match="repos"):
        publish(staged, tmp_path / "repos" / "six" / "1.0.git", tmp_path / "repos")
    assert (staged / "HEAD").read_text() == "new"


@pytest.mark.parametrize("taken", [True, False])
def test_whose_staged_repository_was_taken_away_changes_nothing(tmp_path: Path, *, taken: bool) -> None:
    final = make(tmp_path / "repos" / "six.git", "newer") if taken else tmp_path / "repos" / "six.git"
    prepare(final)
    staged = make(tmp_path / "staging" / "7-1" / "git", "late")
    shutil.rmtree(staged.parent)
    with pytest.raises(FileNotFoundError):
        publish(staged, final, tmp_path / "repos")
    assert [path.read_text() for path in final.rglob("HEAD")] == ["newer"] * taken


def test_another_thing_in_the_way_is_put_aside(tmp_path: Path) -> None:
    final = tmp_path / "repos" / "six.git"
    make(tmp_path / "elsewhere", "not ours")
    prepare(final)
    final.symlink_to(tmp_path / "elsewhere")
    publish(make(tmp_path / "staging" / "git", "new"), final, tmp_path / "repos")
    assert ((final / "HEAD").read_text(), final.is_symlink()) == ("new", False)
    assert (tmp_path / "elsewhere" / "HEAD").read_text() == "not ours"


def test_neighbours_that_come_and_go_do_not_hinder_each_other(tmp_path: Path) -> None:
    """Whoever withdraws the last release of a project takes its directory away, under another's feet."""
    repos, staging = tmp_path / "repos", tmp_path / "staging"
    repos.mkdir()

    def come_and_go(number: int) -> None:
        final = repos / "python" / "six" / f"{number}.git"
        for turn in range(60):
            publish(make(staging / f"{number}-{turn}" / "git", "x"), final, repos)
            withdraw(final, staging, repos)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, range(4)))
    assert list(repos.rglob("*.git")) == []


def test_withdraw_takes_the_empty_directories_along(tmp_path: Path) -> None:
    repos, staging = tmp_path / "repos", tmp_path / "staging"
    staging.mkdir()
    gone = make(repos / "python" / "six" / "1.0.git", "old")
    stays = make(repos / "python" / "attrs" / "1.0.git", "old")
    withdraw(gone, staging, repos)
    assert [path.name for path in (repos / "python").iterdir()] == ["attrs"]
    withdraw(stays, staging, repos)
    assert list(repos.iterdir()) == []
    assert list(staging.iterdir()) == []


def test_withdraw_is_not_hindered_by_what_another_one_left(tmp_path: Path) -> None:
    repos, staging = tmp_path / "repos", tmp_path / "staging"
    make(staging / "withdrawn-1.0.git", "left by a crash")
    final = make(repos / "python" / "six" / "1.0.git", "old")
    withdraw(final, staging, repos)
    withdraw(final, staging, repos)
    assert list(repos.iterdir()) == []
    assert {path.read_text() for path in staging.rglob("HEAD")} <= {"left by a crash"}
