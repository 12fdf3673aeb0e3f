"""Configurations for search engines, piece by piece: a million repositories need no more memory than one. Pure."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

BRANCH = "latest"

# Sourcebot's schema: names of connections have these characters and no others.
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


class Engine(StrEnum):
    """A search engine that a configuration can be written for."""

    SOURCEGRAPH = "sourcegraph"
    SOURCEBOT = "sourcebot"
    HOUND = "hound"
    LIVEGREP = "livegrep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A repository, as a configuration names it.

    Attributes:
        release_id: the same for as long as there is the repository.
        name: the repository's.
        version: as its tag has it, without the v.
        clone_url: where git finds it.
        path: where it lies on this machine.
        page: where people find it; None: nowhere.
    """

    release_id: int
    name: str
    version: str
    clone_url: str
    path: str
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A configuration as JSON: ``head``, each repository's item with ``SEPARATOR`` between them, ``tail``."""

    head: str
    item: Callable[[Exported], str]
    tail: str


SEPARATOR = ",\n"


def sourcegraph(url: str) -> str:
    """The configuration of an "other" code host: it asks this server for the repositories."""
    return f"{json.dumps({'url': url, 'repos': ['src-serve']}, indent=2)}\n"


def layout(engine: Engine) -> Layout:
    """How the configuration of an engine is laid out that names each repository."""
    return _LAYOUTS[engine]


def _sourcebot(one: Exported) -> str:
    # What is odd becomes a dash, and two names may become one; the number keeps them apart.
    name = f"{_ODD.sub('-', one.name)}-{one.release_id}"
    # At most 64 revisions may be indexed; the tag, besides the branch that always is, makes two.
    connection = {"type": "git", "url": one.clone_url, "revisions": {"tags": [f"v{one.version}"]}}
    return f"    {json.dumps(name)}: {json.dumps(connection)}"


def _hound(one: Exported) -> str:
    repository: dict[str, object] = {"url": one.clone_url, "vcs": "git", "vcs-config": {"ref": BRANCH}}
    if one.page is not None:
        repository["url-pattern"] = {"base-url": f"{one.page}/blob/{{rev}}/{{path}}{{anchor}}", "anchor": "#L{line}"}
    return f"    {json.dumps(one.name)}: {json.dumps(repository)}"


def _livegrep(one: Exported) -> str:
    repository: dict[str, object] = {"path": one.path, "name": one.name, "revisions": [f"v{one.version}"]}
    if one.page is not None:
        repository["metadata"] = {"url_pattern": f"{one.page}/blob/{{version}}/{{path}}#L{{lno}}"}
    return f"    {json.dumps(repository)}"


_LAYOUTS = {
    Engine.SOURCEBOT: Layout(head='{\n  "connections": {\n', item=_sourcebot, tail="\n  }\n}\n"),
    Engine.HOUND: Layout(head='{\n  "dbpath": "data",\n  "repos": {\n', item=_hound, tail="\n  }\n}\n"),
    Engine.LIVEGREP: Layout(head='{\n  "name": "codehost",\n  "repositories": [\n', item=_livegrep, tail="\n  ]\n}\n"),
}
