import pytest

from codehost.model.releases import DistributionFile
from codehost.resolve.choose import choose_file
from codehost.resolve.filenames import parse_filename


def offered(*filenames: str) -> list[DistributionFile]:
    files = []
    for filename in filenames:
        named = parse_filename(filename, "six")
        assert named is not None
        assert named.kind is not None
        files.append(DistributionFile(filename=filename, url="", kind=named.kind, version=named.version))
    return files


PURE, PURE2 = "six-1.0-py2-none-any.whl", "six-1.0-py3-none-any.whl"
LINUX, MAC = "six-1.0-cp311-cp311-manylinux1_x86_64.whl", "six-1.0-cp311-cp311-macosx_10_9_x86_64.whl"


@pytest.mark.parametrize(
    ("filenames", "chosen", "why"),
    [
        ((PURE, "six-1.0.tar.gz"), "six-1.0.tar.gz", "the only sdist"),
        (("six-1.0.zip", "six-1.0.tar.gz"), "six-1.0.tar.gz", "the first of 2 sdists"),
        (("six-1.0.tar.bz2", "six-1.0.zip"), "six-1.0.zip", "the first of 2 sdists"),
        (("six-1.0.tar.xz", "six-1.0.tar.bz2"), "six-1.0.tar.xz", "the first of 2 sdists"),
        (("six-1.0.tar.gz", "six-1.0.0.tar.gz"), "six-1.0.tar.gz", "the first of 2 sdists"),
        ((PURE2, PURE, LINUX), PURE, "the first pure wheel by name"),
        ((LINUX, MAC), MAC, "the first platform wheel by name"),
        (("six-1.0-py2.7.egg", LINUX), LINUX, "platform wheel"),
        (("six-1.0-py3.6.egg", "six-1.0-py2.7.egg"), "six-1.0-py2.7.egg", "the first egg by name"),
    ],
)
def test_choice(filenames: tuple[str, ...], chosen: str, why: str) -> None:
    choice = choose_file(offered(*filenames))
    assert choice is not None
    assert choice[0].filename == chosen
    assert why in choice[1]


def test_wheels_are_chosen_alike_in_any_order() -> None:
    names = [LINUX, MAC, "six-1.0-cp310-cp310-win32.whl", "six-1.0-py2.7.egg"]
    choices = [choose_file(offered(*names[turn:], *names[:turn])) for turn in range(4)]
    assert {choice[0].filename for choice in choices if choice} == {"six-1.0-cp310-cp310-win32.whl"}


def test_nothing_to_choose() -> None:
    assert choose_file([]) is None
