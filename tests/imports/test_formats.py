import pytest

from codehost.imports.formats import Format, detect
from codehost.imports.problems import UnknownFormatError
from tests.imports import samples


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("uv.lock", "", Format.UV),
        ("a/b/poetry.lock", "", Format.POETRY),
        ("pdm.lock", "", Format.PDM),
        ("Pipfile.lock", "", Format.PIPFILE),
        ("pylock.toml", "", Format.PYLOCK),
        ("pylock.dev.toml", "", Format.PYLOCK),
        ("requirements.txt", "", Format.REQUIREMENTS),
        ("requirements-dev.in", "six", Format.REQUIREMENTS),
        ("anything.txt", "<html>", Format.REQUIREMENTS),
    ],
)
def test_by_name(path: str, text: str, expected: Format) -> None:
    assert detect(path, text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (samples.UV_LOCK, Format.UV),
        ("version = 1\nrequires-python = '>=3.11'\n# package", Format.UV),
        (samples.POETRY_1_LOCK, Format.POETRY),
        (samples.POETRY_2_LOCK, Format.POETRY),
        (samples.PDM_LOCK, Format.PDM),
        (samples.PIPFILE_LOCK, Format.PIPFILE),
        (samples.PYLOCK, Format.PYLOCK),
        (samples.PIP_LIST, Format.PIP_LIST),
        (samples.PIP_INSPECT, Format.PIP_INSPECT),
        ("# frozen\nsix==1.16.0\n", Format.REQUIREMENTS),
        ("requests>=2\n", Format.REQUIREMENTS),
        ("-e git+https://git.example.com/x\n", Format.REQUIREMENTS),
        ("--index-url https://pypi.org/simple\n", Format.REQUIREMENTS),
        ("mkl @ file:///croot/mkl/work\n", Format.REQUIREMENTS),
    ],
)
def test_by_content(text: str, expected: Format) -> None:
    assert detect("copy", text) is expected


def test_a_text_may_be_another_format() -> None:
    assert detect("packages.txt", samples.PIP_LIST) is Format.PIP_LIST


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "# Title\n\nSome words.\n"),
        ("notes", "Flask\n"),
        ("notes", "- one\n- two\n"),
        ("empty", ""),
        ("environment.yml", "---\nname: base\ndependencies:\n  - python=3.11\n"),
        ("environment.yml", "name: base\ndependencies:\n  - python=3.11\n"),
        ("pyproject.toml", '[project]\nname = "package"\ndependencies = ["six==1.0"]\n'),
        ("Pipfile", '[packages]\nsix = "==1.0"\n'),
        ("Cargo.lock", 'version = 3\n[[package]]\nname = "a"\nversion = "1"\nsource = "registry+https://a.b"\n'),
        ("package-lock.json", '{"lockfileVersion": 3, "packages": {}}'),
        ("list.json", '["six"]'),
        ("broken.json", '{"_meta": '),
    ],
)
def test_what_is_not_understood(path: str, text: str) -> None:
    with pytest.raises(UnknownFormatError) as caught:
        detect(path, text)
    said = str(caught.value)
    assert said.startswith(f"{path} is in no format that codehost understands; it reads a requirements file")
    assert all(sort in said for sort in Format)
