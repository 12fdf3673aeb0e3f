from pathlib import Path

import pytest

from codehost.consume.place import FollowedAlreadyError, held


def test_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with held(folder), pytest.raises(FollowedAlreadyError, match=f"keeps {folder}: wait"), held(folder):
        pass
    with held(folder):
        pass


def test_what_the_dead_have_left_goes(tmp_path: Path) -> None:
    left = tmp_path / ".codehost-follow" / "staging" / "left"
    left.mkdir(parents=True)
    with held(tmp_path) as place:
        assert not left.exists()
        assert list(place.staging.iterdir()) == []
        # Somebody who was thought dead.
        left.mkdir()
    assert not left.parent.exists()


def test_engines_that_look_for_repositories_find_none_of_ours(tmp_path: Path) -> None:
    with held(tmp_path) as place:
        assert place.clone("a/1.0") == tmp_path / "a" / "1.0.git"
        own = [place.state, place.staging]
        assert all(path.relative_to(tmp_path).parts[0] == ".codehost-follow" for path in own)
        assert not [path for path in tmp_path.rglob("*") if path.suffix == ".git"]
