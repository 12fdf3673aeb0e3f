"""Sourcegraph's "other" code host, as far as it meets us: it reads its configuration, asks for the list, and clones.

It puts ``/v1/list-repos`` behind its URL as that is written, user information and path included; takes names without a
``.git`` at their end; and clones from its URL, a slash, and ``ClonePath`` without the slash that it begins with. A list
with an item without ``URI`` counts as none.
"""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

SUFFIX = ".git"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A repository as it gets to know it: what it calls it, and where it clones it."""

    name: str
    clone_url: str


async def read_list(session: ClientSession, configuration: str) -> list[Source]:
    """What a configuration brings.

    Raises:
        ValueError: the answer is no such list.
    """
    document = json.loads(configuration)
    if document["repos"] != ["src-serve"]:
        raise ValueError(document)
    prefix: str = document["url"]
    # User information in a URL becomes basic authentication, here as in Go's client.
    async with session.get(f"{prefix}/v1/list-repos") as answer:
        answer.raise_for_status()
        items = json.loads(await answer.read())["Items"]
    return [_source(item, prefix) for item in items]


def _source(item: dict[str, Any], prefix: str) -> Source:
    if not item.get("URI"):
        raise ValueError(item)
    return Source(
        name=(item.get("Name") or item["URI"]).removesuffix(SUFFIX),
        clone_url=f"{prefix.removesuffix('/')}/{item['ClonePath'].removeprefix('/')}",
    )
