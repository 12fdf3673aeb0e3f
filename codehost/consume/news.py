"""What the feed says, and what it means for a consumer. Pure.

``docs/feed.md`` is the contract. What a server says is not believed: names and addresses are checked before anything
is done about them.
"""

import re
from dataclasses import dataclass

import msgspec

from codehost.model.records import ChangeKind
from codehost.model.repository_names import SUFFIX, is_repository_name

_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
# It goes into the clone's configuration, in one line.
_WEB_URL = re.compile(r"https?://[!-~]{1,8000}\Z")


class _Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An entry, as far as it counts here."""

    kind: str
    name: str
    commit: str | None = None
    web_url: str | None = None


class _Entries(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of entries."""

    items: tuple[_Entry, ...]
    cursor: str
    more: bool


class NoNewsError(ValueError):
    """An answer that is no page of entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """How a repository is to be. ``commit`` None: gone; ``web_url``: where people find it."""

    name: str
    commit: str | None
    web_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What came behind a cursor, in order; ``cursor`` goes on behind it. ``more``: ask again at once."""

    items: tuple[Item, ...]
    cursor: str
    more: bool


def read_news(body: bytes) -> News:
    """The page of entries in a body.

    Raises:
        NoNewsError: there is none in it.
    """
    try:
        page = msgspec.json.decode(body, type=_Entries)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoNewsError(str(error)) from None
    return News(items=tuple(map(_item, page.items)), cursor=page.cursor, more=page.more)


def _item(entry: _Entry) -> Item:
    # Any other kind, also one that there is not yet: it is there, with this commit, whether it was known or not.
    commit = None if entry.kind == ChangeKind.REMOVED else entry.commit or ""
    return Item(name=entry.name, commit=commit, web_url=entry.web_url or "")


def problem_with_name(name: str) -> str | None:
    """Why nothing may be made or removed by this name, as a clause, or None."""
    if not is_repository_name(name):
        return "the server names it so, and no repository can have this name"
    if any(part.endswith(SUFFIX) for part in name.split("/")[:-1]):
        return f"its name leads into a folder that ends in {SUFFIX}, which may be another clone"
    return None


def problem_with(item: Item) -> str | None:
    """Why a repository that is there cannot be taken, as a clause, or None."""
    if (problem := problem_with_name(item.name)) is not None:
        return problem
    if _COMMIT.match(item.commit or "") is None:
        return "the server gives no commit for it"
    if _WEB_URL.match(item.web_url) is None:
        return "the server gives no web address for it"
    return None
