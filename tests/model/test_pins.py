import pytest

from codehost.model.pins import PinError, normalise_project, parse_pin

GOOD = [
    ("numpy==1.22.3", "numpy", "1.22.3", "1.22.3"),
    ("numpy == 1.22.3", "numpy", "1.22.3", "1.22.3"),
    ("  Numpy==1.22.3\n", "numpy", "1.22.3", "1.22.3"),
    ("numpy==1.22.3.0", "numpy", "1.22.3.0", "1.22.3"),
    ("zope.interface==5.0", "zope-interface", "5.0", "5"),
    ("Foo__Bar-.baz==1", "foo-bar-baz", "1", "1"),
    ("torch==2.1.0+CU121", "torch", "2.1.0+cu121", "2.1+cu121"),
    ("a==v1.0-RC1", "a", "1.0rc1", "1rc1"),
    ("a==1!2.0.post3.dev4", "a", "1!2.0.post3.dev4", "1!2.post3.dev4"),
    ("a==0.0", "a", "0.0", "0"),
]

BAD = [
    ("", "is empty", "write name==version or remove the entry"),
    ("numpy", "has no version", "pin one version: numpy==1.2.3"),
    ("numpy==", "has no version after '=='", "pin one version: numpy==1.2.3"),
    ("numpy>=1.0", "is a range (>=), not a pin", "pin one version: numpy==1.2.3"),
    ("numpy~=1.0", "is a range (~=), not a pin", "pin one version: numpy==1.2.3"),
    ("numpy===1.0", "is a range (===), not a pin", "pin one version: numpy==1.2.3"),
    ("numpy=1.0", "is a range (=), not a pin", "pin one version: numpy==1.2.3"),
    ("numpy==1.0,!=1.1", "is a range (==), not a pin", "pin one version: numpy==1.2.3"),
    ("numpy==1.*", "is a wildcard", "pin one version: numpy==1.2.3"),
    ("numpy[x]==1", "has extras, which do not change the source", "drop them: numpy==1"),
    ('numpy==1.0; python_version>"3"', "has an environment marker", "drop the marker: numpy==1.0"),
    ("a @ https://host/a.whl", "is a URL", "only releases on a mirror can be pinned: write name==version"),
    ("-r requirements.txt", "is an option or comment of a requirements file", "keep only name==version"),
    ("_a==1", "has '_a' as its name, which PEP 508 does not allow", "write name==version"),
    ("a==1.0.x", "has the version '1.0.x', which PEP 440 does not allow", "write a version such as 1.4.2"),
    ("a==1 2", "has a version that PEP 440 does not allow", "pin one version: a==1.2.3"),
]


@pytest.mark.parametrize(("text", "project", "version", "canonical"), GOOD)
def test_a_pin_is_normalised(text: str, project: str, version: str, canonical: str) -> None:
    pin = parse_pin(text)
    assert (pin.project, pin.version) == (project, version)
    assert (pin.release.project, pin.release.version) == (project, canonical)
    assert pin.repository() == f"python/{project}/{version}"


@pytest.mark.parametrize(("text", "problem", "hint"), BAD)
def test_what_is_no_pin_is_explained(text: str, problem: str, hint: str) -> None:
    with pytest.raises(PinError) as caught:
        parse_pin(text)
    assert (caught.value.text, caught.value.problem, caught.value.hint) == (text, problem, hint)
    assert str(caught.value) == f"{text!r} {problem}; {hint}"


def test_a_number_with_thousands_of_digits_is_no_version() -> None:
    with pytest.raises(PinError, match="which PEP 440 does not allow"):
        parse_pin("a==" + "1" * 5_000)


def test_spellings_of_one_release_are_equal_and_keep_their_own_version() -> None:
    short, long = parse_pin("Six==5.0"), parse_pin("six == 5.0.0")
    assert short.release == long.release
    assert (str(short), str(long), str(short.release)) == ("six==5.0", "six==5.0.0", "six==5")
    assert short != long


@pytest.mark.parametrize("name", ["Foo.Bar", "foo_bar", "foo---bar", "FOO-_.bar"])
def test_project_names_have_one_spelling(name: str) -> None:
    assert normalise_project(name) == "foo-bar"


def test_a_repository_name_follows_its_pattern() -> None:
    assert parse_pin("six==1.16").repository("pypi/{project}-{version}") == "pypi/six-1.16"
