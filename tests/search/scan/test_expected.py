"""Files of real projects, synced by the program from a mirror, and what queries must find in them.

What must be found is worked out from the archives, line by line, with Python's ``tarfile`` and ``re`` alone.
"""

import io
import re
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiolimiter
import click
import iniconfig
import packaging
import pytest
import pytest_asyncio

from codehost.model.datadir import DataDirectory
from codehost.model.searching import RepositoryHits, SearchRequest
from codehost.record.database import open_database
from codehost.search.scan.engine import ScanEngine
from tests.acceptance.program import Desk
from tests.search.scan.library import LIMITS
from tests.simulator.distfiles import make_sdist, sdist_name
from tests.simulator.mirror import Mirror

pytestmark = pytest.mark.asyncio(loop_scope="module")

MORE = {
    "docs/notes.md": "# Nötes\n\nThe café serves naïve limiters; import nothing.\nTODO: tell more.\n".encode(),
    "docs/windows.txt": b"import limits\r\nreturn home\r\n",
    "src/fast.c": b"#include <Python.h>\nstatic int limit(int x) { return x; }\n",
    "run": b"#!/usr/bin/env python3\nimport sys\nsys.exit(0)\n",
    "logo.png": b"\x89PNG\r\n\0import limits",
}
PROJECTS = {
    "aiolimiter": (aiolimiter.__file__, MORE),
    "click": (click.__file__, {}),
    "iniconfig": (iniconfig.__file__, {}),
    "packaging": (packaging.__file__, {}),
}
# Repository, path, and the line's number; 0: only the path shows the document.
Place = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A query, and the same in regular expressions of Python.

    Attributes:
        query: as it is asked.
        lines: each has to match a line of the file; the lines that match one of them are to be found.
        lacks: these do not all match a line of the file.
        path, not_path: of the file's path.
        repository: of the repository's name.
        case: upper and lower case differ.
        names: the path counts too, for a file in which no line matches ``lines``.
    """

    query: str
    lines: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    path: str = ""
    not_path: str = r"\Z."
    repository: str = ""
    case: bool = False
    names: bool = False


PYTHON = r"\.pyi?\Z|\Arun\Z"
ROWS = [
    Row(query="import", lines=("import",), names=True),
    Row(query="limiter", lines=("limiter",), names=True),
    Row(query="windows", lines=("windows",), names=True),
    Row(query="docs", lines=("docs",), names=True),
    Row(query="content:import", lines=("import",)),
    Row(query="c:asyncio", lines=("asyncio",)),
    Row(query="content:TODO", lines=("TODO",), case=True),
    Row(query="content:Version", lines=("Version",), case=True),
    Row(query="content:version", lines=("version",)),
    Row(query="content:Version case:no", lines=("version",)),
    Row(query="content:version case:yes", lines=("version",), case=True),
    Row(query='content:"def __init__"', lines=("def __init__",)),
    Row(query='content:"from typing import"', lines=("from typing import",)),
    Row(query="content:^import", lines=("^import",)),
    Row(query="content:^class.*:$", lines=("^class.*:$",)),
    Row(query="content:^from.typing", lines=("^from.typing",)),
    Row(query=r"content:\bself\b", lines=(r"\bself\b",)),
    Row(query=r"content:raise.\w+Error\(", lines=(r"raise.\w+Error\(",), case=True),
    Row(query=r"content:def.\w+\(self,.\w+:.int", lines=(r"def.\w+\(self,.\w+:.int",)),
    Row(query=r"content:[0-9]{4}", lines=("[0-9]{4}",)),
    Row(query=r"content:0x[0-9a-f]+", lines=("0x[0-9a-f]+",)),
    Row(query="content:(async|await).", lines=("(async|await).",)),
    Row(query="content:(yield|return).(self|none)", lines=("(yield|return).(self|none)",)),
    Row(query=r"content:\.join\(", lines=(r"\.join\(",)),
    Row(query=r"content:\[\]", lines=(r"\[\]",)),
    Row(query=r"content:r.{10,20}:$", lines=("r.{10,20}:$",)),
    Row(query=r"content:\x20{12}return", lines=(r"\x20{12}return",)),
    Row(query="content:café", lines=("café",)),
    Row(query="content:na.ve", lines=("na.ve",)),
    Row(query=r"content:home\r$", lines=("home\r$",)),
    Row(query="content:import content:class", lines=("import", "class")),
    Row(query="content:lock content:loop content:time", lines=("lock", "loop", "time")),
    Row(query="content:deque or content:heapq", lines=("deque|heapq",)),
    Row(query="content:import (content:deque or content:heapq)", lines=("import", "deque|heapq")),
    Row(query="content:import -content:class", lines=("import",), lacks=("class",)),
    Row(query="content:return -(content:class content:import)", lines=("return",), lacks=("class", "import")),
    Row(query=r"content:return file:\.c$", lines=("return",), path=r"\.c\Z"),
    Row(query="content:import -file:py", lines=("import",), not_path="py"),
    Row(query="content:import file:docs", lines=("import",), path="docs"),
    Row(query="content:class repo:click", lines=("class",), repository="click"),
    Row(query="content:class -repo:click", lines=("class",), repository="/(?!click)[a-z]+/"),
    Row(query="content:import lang:python -file:_", lines=("import",), path=PYTHON, not_path="_"),
    Row(query="content:import lang:markdown", lines=("import",), path=r"\.md\Z"),
    Row(query="content:int lang:c", lines=("int",), path=r"\.c\Z"),
    Row(query="content:import -lang:python", lines=("import",), not_path=PYTHON),
    Row(query="content:limit repo:aiolimiter -file:py$", lines=("limit",), repository="aiolimiter", not_path="py$"),
    Row(query="file:png"),
    Row(query="file:^docs/"),
    Row(query=r"file:__init__\.py$"),
    Row(query="file:PKG-INFO repo:packaging", repository="packaging"),
]
# Of those without ``lines``: what the path has to hold.
NAMED = {
    "file:png": "png",
    "file:^docs/": r"\Adocs/",
    r"file:__init__\.py$": r"__init__\.py\Z",
    "file:PKG-INFO repo:packaging": "PKG-INFO",
}


def _archives() -> dict[str, bytes]:
    """The sdist of each project: what is installed of it, and more."""
    archives = {}
    for project, (module, more) in PROJECTS.items():
        root = Path(module).parent
        files = {f"src/{path.relative_to(root.parent)}": path.read_bytes() for path in root.rglob("*.py*") if _is(path)}
        archives[project] = make_sdist(project, "1.0", files | more)
    return archives


def _is(path: Path) -> bool:
    return path.is_file() and path.suffix in {".py", ".pyi"}


ARCHIVES = _archives()


@asynccontextmanager
async def _synced(folder: Path) -> AsyncIterator[ScanEngine]:
    desk = Desk(folder=folder)
    async with Mirror() as mirror:
        for project, archive in ARCHIVES.items():
            mirror.add(sdist_name(project, "1.0"), archive)
        desk.configure([mirror.url], [f"{project}==1.0" for project in ARCHIVES])
        ended = await desk.sync()
        assert ended.status == 0, ended.said
    data = DataDirectory(desk.data)
    async with open_database(None, desk.data) as database, ScanEngine(database, data, LIMITS) as engine:
        yield engine


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ScanEngine]:
    async with _synced(tmp_path_factory.mktemp("synced")) as opened:
        yield opened


def _files() -> Iterator[tuple[str, str, list[str]]]:
    """The repository, the path and the lines of each file, as the archives have them."""
    for project, archive in ARCHIVES.items():
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                stream = tar.extractfile(member)
                content = stream.read() if stream else b""
                lines = [] if b"\0" in content else content.decode().split("\n")
                yield f"python/{project}/1.0", member.name.partition("/")[2], lines


def _expected(row: Row) -> list[Place]:
    return sorted(place for repository, path, lines in _files() for place in _places(row, repository, path, lines))


def _places(row: Row, repository: str, path: str, lines: list[str]) -> list[Place]:
    flags = re.NOFLAG if row.case else re.IGNORECASE
    if not re.search(row.repository, repository) or not re.search(NAMED.get(row.query, row.path), path):
        return []
    if re.search(row.not_path, path) or (row.lacks and all(_numbers(lack, lines, flags) for lack in row.lacks)):
        return []
    found = [_numbers(pattern, lines, flags) for pattern in row.lines]
    if row.lines and all(found):
        return [(repository, path, number) for number in sorted(set().union(*found))]
    named = not row.lines or (row.names and all(re.search(pattern, path, flags) for pattern in row.lines))
    return [(repository, path, 0)] if named else []


def _numbers(pattern: str, lines: list[str], flags: int) -> set[int]:
    return {number for number, line in enumerate(lines, 1) if re.search(pattern, line, flags)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.query)
async def test_what_must_be_found(engine: ScanEngine, row: Row) -> None:
    *found, end = [one async for one in engine.search(SearchRequest(query=row.query, lines=1_000_000, seconds=60))]
    places = sorted(
        (hits.repository, file.path, number)
        for hits in found
        if isinstance(hits, RepositoryHits)
        for file in hits.files
        for number in [line.number for line in file.lines] or [0]
    )
    assert places == _expected(row)
    assert places, "the row shows something"
    assert getattr(end, "why_incomplete", "") is None


async def test_there_are_enough() -> None:
    assert len({row.query for row in ROWS}) == len(ROWS) >= 40
