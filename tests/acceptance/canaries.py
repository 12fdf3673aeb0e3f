"""Secrets that can be recognised wherever they turn up, and the places to look for them."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import inspect, text

from codehost.record.database import open_database
from tests.acceptance.program import Running

# Three bytes become four digits: the same text reads differently at each of three offsets.
_OFFSETS = range(3)


@dataclass(frozen=True, slots=True)
class Canary:
    """A secret. ``name`` says where it stands; ``odd`` gives it letters that not every place can hold."""

    name: str
    odd: bool = False

    @property
    def mark(self) -> str:
        """What no encoding of letters and digits changes."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:12]

    @property
    def value(self) -> str:
        return f"Kanari/{'€:' if self.odd else ''}{self.mark}"

    @property
    def forms(self) -> set[bytes]:
        """The texts in which it could show: as it stands, percent-encoded, and in Base64 with anything around it."""
        plain = self.value.encode()
        encoded = {encode(b"-" * offset + plain) for encode in (b64encode, urlsafe_b64encode) for offset in _OFFSETS}
        # The digits at both ends depend on what stands around it.
        return {self.mark.encode(), quote(self.value, safe="").encode(), *(form[4:-4] for form in encoded)}


def found(canaries: Iterable[Canary], content: bytes | str) -> list[str]:
    """The names of the canaries that are in the content, also where it was wrapped into lines."""
    data = content.encode() if isinstance(content, str) else content
    joined = data.replace(b"\n", b"")
    return [canary.name for canary in canaries if any(form in data or form in joined for form in canary.forms)]


def found_below(canaries: Iterable[Canary], folder: Path) -> dict[str, list[str]]:
    """The files that hold any, with the names."""
    canaries = list(canaries)
    contents = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {path: names for path, content in contents.items() if (names := found(canaries, content))}


def arguments(run: Running) -> bytes:
    """The arguments of all processes of a run."""
    return _of_processes(run.processes(), "cmdline")


def environments_of_children(run: Running) -> bytes:
    """The environments of a run's processes, but for the program's own: that one the caller has made."""
    children = [pid for pid in run.processes() if pid != run.process.pid]
    assert children
    return _of_processes(children, "environ")


def _of_processes(processes: list[int], name: str) -> bytes:
    content = []
    for pid in processes:
        try:
            content.append(Path(f"/proc/{pid}/{name}").read_bytes())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return b"".join(content)


async def rows(database_url: str, folder: Path) -> str:
    """Every row of every table of a database."""
    async with open_database(database_url, folder) as database, database.read() as connection:
        tables = await connection.run_sync(lambda plain: inspect(plain).get_table_names())
        contents = [(await connection.execute(text(f'SELECT * FROM "{table}"'))).all() for table in tables]
    assert any(contents)
    return "\n".join(str(tuple(row)) for content in contents for row in content)
