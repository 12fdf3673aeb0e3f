"""What pip says of an environment as JSON: ``pip list --format=json`` and ``pip inspect``."""

from collections.abc import Mapping
from typing import Any

from codehost.imports.entries import Imported, Kind
from codehost.imports.packages import Elsewhere, kind_of_url, parse_json, read_packages, table, tables, text_of


def read_pip_list(path: str, text: str) -> Imported:
    """The installed distributions. The list does not say which came from a URL or from a local file.

    Raises:
        ImportFileError: the text is no JSON.
    """
    return read_packages(path, parse_json(path, text), _editable)


def read_pip_inspect(path: str, text: str) -> Imported:
    """The installed distributions, with where they came from.

    Raises:
        ImportFileError: the text is no JSON.
    """
    installed = (table(item) for item in tables(table(parse_json(path, text)).get("installed")))
    packages = [{**table(item.get("metadata")), "direct_url": item.get("direct_url")} for item in installed]
    return read_packages(path, packages, _direct)


def _editable(package: Mapping[str, Any]) -> Elsewhere | None:
    location = text_of(package.get("editable_project_location"))
    return Elsewhere(kind=Kind.EDITABLE, at=location) if location else None


def _direct(package: Mapping[str, Any]) -> Elsewhere | None:
    # PEP 610: there only for what was not found by name on an index.
    direct = table(package.get("direct_url"))
    if not direct:
        return None
    url = text_of(direct.get("url"))
    if table(direct.get("dir_info")).get("editable") is True:
        return Elsewhere(kind=Kind.EDITABLE, at=url)
    return Elsewhere(kind=Kind.VCS if "vcs_info" in direct else kind_of_url(url), at=url)
