"""Which format a file is in: by its name, and where the name says nothing, by what it holds."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from packaging.pylock import is_valid_pylock_path

from codehost.imports.entries import Kind, LeftOut
from codehost.imports.packages import parse_json, parse_toml, table, tables
from codehost.imports.problems import ImportFileError, UnknownFormatError
from codehost.imports.requirement_lines import lines_of
from codehost.imports.specifiers import required


class Format(StrEnum):
    """What is understood; the values are for people."""

    REQUIREMENTS = "a requirements file (*.txt, *.in) or the output of 'pip freeze'"
    UV = "uv.lock"
    POETRY = "poetry.lock"
    PDM = "pdm.lock"
    PIPFILE = "Pipfile.lock"
    PYLOCK = "pylock.toml"
    PIP_LIST = "the output of 'pip list --format=json'"
    PIP_INSPECT = "the output of 'pip inspect'"


_NAMES = {
    "uv.lock": Format.UV,
    "poetry.lock": Format.POETRY,
    "pdm.lock": Format.PDM,
    "pipfile.lock": Format.PIPFILE,
}
_TEXTS = frozenset({".txt", ".in"})
_OPTION = re.compile(r"-[rceif]\b|--[a-z]")
_JSON = re.compile(r"\s*[\[{]")


def detect(path: str, text: str) -> Format:
    """The format of a file.

    Raises:
        UnknownFormatError: it is none of those that are understood.
    """
    pure = Path(path)
    found = _NAMES.get(pure.name.lower()) or (Format.PYLOCK if is_valid_pylock_path(pure) else None)
    found = found or _by_content(text)
    if found is None and (pure.suffix.lower() in _TEXTS or _is_requirements(text)):
        found = Format.REQUIREMENTS
    if found is None:
        raise UnknownFormatError(path, tuple(Format))
    return found


def _by_content(text: str) -> Format | None:
    # A TOML document can begin with a bracket too.
    return (_of_json(text) if _JSON.match(text) else None) or _of_toml(text)


def _of_json(text: str) -> Format | None:
    try:
        document = parse_json("", text)
    except ImportFileError:
        return None
    if isinstance(document, list):
        named = all({"name", "version"} <= table(item).keys() for item in document)
        return Format.PIP_LIST if named else None
    members = table(document)
    if "_meta" in members and ("default" in members or "develop" in members):
        return Format.PIPFILE
    return Format.PIP_INSPECT if "pip_version" in members and "installed" in members else None


def _of_toml(text: str) -> Format | None:
    # Parsing costs; every lock file has at least one of these words.
    if "lock" not in text and "package" not in text:
        return None
    try:
        document = parse_toml("", text)
    except ImportFileError:
        return None
    metadata = table(document.get("metadata"))
    if "lock-version" in document and "packages" in document:
        return Format.PYLOCK
    if "lock_version" in metadata:
        return Format.PDM
    if "lock-version" in metadata or {"content-hash", "python-versions"} <= metadata.keys():
        return Format.POETRY
    return Format.UV if _is_uv(document) else None


def _is_uv(document: Mapping[str, Any]) -> bool:
    # Cargo.lock has a version and packages too, but its sources are texts.
    sources = [table(package).get("source") for package in tables(document.get("package"))]
    known = "requires-python" in document or bool(sources)
    return isinstance(document.get("version"), int) and known and all(isinstance(source, dict) for source in sources)


def _is_requirements(text: str) -> bool:
    first = next(lines_of(text), None)
    if first is None:
        return False
    if not first.requirement:
        return _OPTION.match(first.text) is not None
    entry = required(first.requirement, "")
    if not isinstance(entry, LeftOut):
        return True
    # A bare word is a requirement without a version, and the first line of any prose.
    return entry.kind not in {Kind.UNREADABLE, Kind.UNPINNED} and entry.project is not None
