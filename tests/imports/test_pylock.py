import pytest

from codehost.imports.problems import ImportFileError
from codehost.imports.pylock import read_pylock
from tests.imports.samples import PYLOCK, left, lines


def test_every_sort_of_package() -> None:
    found = read_pylock("pylock.toml", PYLOCK)
    assert lines(found) == ["attrs==25.1.0", "plain==1.0.0"]
    assert left(found) == [
        ("unpinned", "nameless"),
        ("vcs", "hub @ https://git.example.com/…"),
        ("root", "app @ ."),
        ("editable", "near @ packages/near"),
        ("local", "beside @ packages/beside"),
        ("url", "far @ https://files.example.com/…"),
        ("local", "packed @ vendor/packed-1.0.zip"),
        ("local-index", "flat @ file:///srv/links"),
        ("local-index", "vendored"),
        ("unreadable", "broken"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('lock-version = "2.0"\ncreated-by = "x"\npackages = []', "has a lock-version that is not understood"),
        ('created-by = "x"\npackages = []', "breaks PEP 751 at lock-version"),
        (
            'lock-version = "1.0"\ncreated-by = "x"\nenvironments = ["?"]\npackages = []',
            "breaks PEP 751 at environments",
        ),
        ("<<<<<<< HEAD", "is no valid TOML"),
    ],
)
def test_a_file_of_no_use_says_why(text: str, said: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        read_pylock("pylock.toml", text)
    assert str(caught.value).startswith(f"pylock.toml {said}")


def test_a_later_minor_version_is_read(caplog: pytest.LogCaptureFixture) -> None:
    found = read_pylock("pylock.toml", PYLOCK.replace('"1.0"', '"1.9"', 1))
    assert lines(found) == ["attrs==25.1.0", "plain==1.0.0"]


def test_packages_that_are_no_tables() -> None:
    text = 'lock-version = "1.0"\ncreated-by = "x"\npackages = [1, {name = "Not-Normal"}]'
    assert left(read_pylock("pylock.toml", text)) == [("unreadable", "package 1"), ("unreadable", "Not-Normal")]
