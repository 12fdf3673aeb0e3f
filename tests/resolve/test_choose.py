import pytest

from codehost.model.releases import DistributionFile
from codehost.resolve.choose import choose_file
from codehost.resolve.filenames import parse_filename


def offered(*filenames: str) -> list[DistributionFile]:
    """Files of the release; a ``!`` in front of a name: it is yanked."""
    files = []
    for written in filenames:
        filename = written.lstrip("!")
        named = parse_filename(filename, "six")
        assert named is not None
        assert named.kind is not None
        yanked = "" if written.startswith("!") else None
        files.append(DistributionFile(filename=filename, url="", kind=named.kind, version=named.version, yanked=yanked))
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


ZIP, GZ, BZ = "six-1.0.zip", "six-1.0.tar.gz", "six-1.0.tar.bz2"
EGG, EGG3 = "six-1.0-py2.7.egg", "six-1.0-py3.6.egg"


@pytest.mark.parametrize(
    ("filenames", "chosen", "why"),
    [
        ((f"!{GZ}", ZIP), ZIP, "the first of 2 sdists, .tar.gz preferred, of those not yanked"),
        ((f"!{GZ}", f"!{ZIP}", BZ), BZ, "of those not yanked"),
        ((f"!{ZIP}", f"!{GZ}"), GZ, "the first of 2 sdists, .tar.gz preferred"),
        ((f"!{GZ}", PURE), GZ, "the only sdist"),
        ((f"!{PURE}", PURE2), PURE2, "no sdist; the first pure wheel by name, of those not yanked"),
        ((f"!{PURE}", LINUX), LINUX, "no sdist; the first platform wheel by name, of those not yanked"),
        ((f"!{LINUX}", f"!{PURE}"), PURE, "no sdist; the first pure wheel by name"),
        ((f"!{MAC}", LINUX), LINUX, "no sdist and no pure wheel; the first platform wheel by name, of those not"),
        ((f"!{LINUX}", EGG), LINUX, "no sdist and no pure wheel; the first platform wheel by name"),
        ((f"!{EGG}", EGG3), EGG3, "the first egg by name, of those not yanked"),
    ],
)
def test_yanked_files_come_last_in_their_kind(filenames: tuple[str, ...], chosen: str, why: str) -> None:
    for order in (filenames, filenames[::-1]):
        choice = choose_file(offered(*order))
        assert choice is not None
        assert choice[0].filename == chosen
        assert choice[1].startswith(why) or choice[1].endswith(why)
        assert ("of those not yanked" in choice[1]) is ("of those not" in why)


def test_wheels_are_chosen_alike_in_any_order() -> None:
    names = [LINUX, MAC, "six-1.0-cp310-cp310-win32.whl", "six-1.0-py2.7.egg"]
    choices = [choose_file(offered(*names[turn:], *names[:turn])) for turn in range(4)]
    assert {choice[0].filename for choice in choices if choice} == {"six-1.0-cp310-cp310-win32.whl"}


def test_nothing_to_choose() -> None:
    assert choose_file([]) is None
