"""From the path of a request, as it came over the wire, to a repository's name. Pure: nothing here looks at a disk.

``codehost.model.repository_names`` says what is a name.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from codehost.model.repository_names import PREFIX, SUFFIX, is_repository_name

# Linux takes no longer path.
_MOST_BYTES = 4096

# RFC 3986, section 2.1
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_WAYS = re.compile(
    r"(?P<name>.+?\.git)/(?P<rest>info/refs|git-upload-pack|git-receive-pack|HEAD|(?:info|objects)/.*)\Z"
)


class Action(StrEnum):
    """What is asked of a repository. ``DUMB``: one of the files that clients without the smart protocol fetch."""

    REFS = "info/refs"
    UPLOAD = "git-upload-pack"
    RECEIVE = "git-receive-pack"
    DUMB = "dumb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a request goes: a name that may be a repository's, without ``.git``, and what is asked of it."""

    name: str
    action: Action


def address_in(target: str) -> Address | None:
    """The address in a request's target, still escaped and with its query; None when it can be no repository's."""
    path = target.partition("?")[0]
    if len(path) > _MOST_BYTES or not path.startswith(PREFIX):
        return None
    match = _WAYS.match(path, len(PREFIX))
    if match is None:
        return None
    name = repository_name(match["name"])
    return None if name is None else Address(name=name, action=_action(match["rest"]))


def repository_name(escaped: str) -> str | None:
    """The name in ``<name>.git`` as it stands in a path, or None.

    Each part is unescaped once, by itself: an escaped slash separates nothing.
    """
    parts = [_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), part) for part in escaped.split("/")]
    if not parts[-1].endswith(SUFFIX):
        return None
    # What an escape stands for may be a slash.
    name = "/".join(parts).removesuffix(SUFFIX)
    return name if not any("/" in part for part in parts) and is_repository_name(name) else None


def _action(rest: str) -> Action:
    return Action(rest) if rest in {Action.REFS, Action.UPLOAD, Action.RECEIVE} else Action.DUMB
