import pytest

from codehost.config.loading import load
from codehost.imports.document import new_document
from codehost.imports.importing import import_files
from tests.imports.samples import PIPFILE_LOCK, POETRY_2_LOCK, TOKEN, UV_LOCK

END = ": put that mirror first in urls, or a public release of the same name may be taken"
PDM = """[metadata]
lock_version = "4.5.0"
[[package]]
name = "a"
version = "1"
files = [{url = "https://u:p@nexus.example.com/a-1.zip", hash = "sha256:1"}]
"""
PYLOCK = """lock-version = "1.0"
created-by = "x"
[[packages]]
name = "a"
version = "1"
index = "https://u:p@nexus.example.com/simple"
sdist = {name = "a-1.zip", url = "https://f.example.com/a-1.zip", hashes = {sha256 = "1"}}
"""


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("uv.lock", UV_LOCK, ["2 pins come from https://pypi.example.com (fork)"]),
        ("poetry.lock", POETRY_2_LOCK, ["1 pin comes from https://pypi.example.com (private)"]),
        ("Pipfile.lock", PIPFILE_LOCK, ["3 pins come from https://pypi.example.com (celery, old, sphinx)"]),
        ("pdm.lock", PDM, ["1 pin comes from https://nexus.example.com (a)"]),
        ("pylock.toml", PYLOCK, ["1 pin comes from https://nexus.example.com (a)"]),
        ("r.txt", "-i https://pypi.org/simple\na==1\n", []),
        (
            "r.txt",
            "-i https://u:p@n.example.com/x\na==1\nb==1\nc==1\nd==1",
            ["4 pins come from https://n.example.com (a, b, c, ...)"],
        ),
        (
            "r.txt",
            "a==1\n--extra-index-url https://n.example.com/x\n-f https://f.example.com/",
            ["1 pin may come from https://n.example.com (a)", "1 pin may come from https://f.example.com (a)"],
        ),
    ],
)
def test_mirrors_that_a_file_names(name: str, text: str, said: list[str]) -> None:
    result = import_files([name], lambda _: text.encode())
    assert [str(index) for index in result.indexes] == [f"{line}{END}" for line in said]
    document = new_document(result.lines, result.indexes)
    assert load(document.encode()).config is not None
    assert all(f"  // {line}{END}\n" in document.partition('"urls"')[0] for line in said)
    assert TOKEN not in document


def test_a_mirror_counts_though_the_pin_came_first_without_one() -> None:
    files = {"r.txt": b"a==1", "pylock.toml": PYLOCK.encode()}
    assert [index.pins for index in import_files([*files], files.__getitem__).indexes] == [1]
