from codehost.imports.poetry_lock import read_poetry_lock
from tests.imports.samples import POETRY_1_LOCK, POETRY_2_LOCK, left, lines


def test_poetry_1() -> None:
    found = read_poetry_lock("poetry.lock", POETRY_1_LOCK)
    assert lines(found) == ["pyyaml==6.0.1"]
    assert left(found) == [("vcs", "hub @ https://git.example.com/…")]


def test_poetry_2_and_every_sort_of_source() -> None:
    found = read_poetry_lock("poetry.lock", POETRY_2_LOCK)
    assert lines(found) == ["six==1.16.0", "private==3.1+corp"]
    assert left(found) == [
        ("editable", "near @ ../near"),
        ("local", "beside @ ../beside"),
        ("local", "wheel-file @ vendor/wheel_file-0.2-py3-none-any.whl"),
        ("url", "remote @ https://files.example.com/…"),
        ("source", "odd @ https://pigeons.example.com/…"),
    ]


def test_an_index_that_is_a_directory() -> None:
    text = '[[package]]\nname = "x"\nversion = "1"\n[package.source]\ntype = "legacy"\nurl = "file:///srv/links"\n'
    assert left(read_poetry_lock("poetry.lock", text)) == [("local-index", "x @ file:///srv/links")]
