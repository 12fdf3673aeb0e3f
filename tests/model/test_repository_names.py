import pytest

from codehost.model.repository_names import clone_path, is_repository_name


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("python/six/1.16.0", True),
        ("six", True),
        ("python/x/1!2.0+cu124", True),
        ("python/x/1.0+x.git", True),
        (f"{'x' * 250}/1", True),
        (f"{'x' * 251}/1", False),
        ("", False),
        ("/six", False),
        ("six/", False),
        ("a//b", False),
        (".", False),
        ("..", False),
        ("a/../b", False),
        ("a/.b", False),
        ("a/-b", False),
        ("a/b.", False),
        ("a/b.git", False),
        ("a b", False),
        ("a\\b", False),
        ("a\0b", False),
        ("a\n", False),
        ("é", False),
    ],
)
def test_names(name: str, *, good: bool) -> None:
    assert is_repository_name(name) is good


def test_where_git_finds_it() -> None:
    assert clone_path("python/x/1!2.0+cu124") == "/git/python/x/1!2.0+cu124.git"
