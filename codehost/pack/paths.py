"""The one choke point for names: nothing enters a tree that did not pass here.

A component is safe when git, on any file system that readers use, stores it as itself: no alias of ``.git``
(HFS+ ignores some code points, NTFS has short names, streams, and drops trailing dots and spaces), no separator
but the slash, no control character.
"""

import re

from codehost.model.members import SkipReason

MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 4096
MAX_DEPTH = 100

# Names of which no rule below can complain; nearly all names are such.
_PLAIN = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?<!\.)\Z")
_DRIVE = re.compile(rb"[A-Za-z]:")
_UNSAFE_BYTES = re.compile(rb"[\x00-\x1f\x7f\\]")
# Code points that HFS+ leaves out when it compares names (git's utf8.c lists the same ones).
_HFS_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_GIT_NAMES = frozenset({".git", "git~1"})


def split_path(path: bytes) -> list[bytes]:
    """The components of a member's path. ``.`` and doubled slashes name the same place and are dropped.

    A slash in front stays an empty first component.
    """
    first, *rest = path.split(b"/")
    components = [first, *(component for component in rest if component not in {b"", b"."})]
    return components[1:] if first == b"." and len(components) > 1 else components


def fault_in_path(components: list[bytes]) -> SkipReason | None:
    """Why a path may not enter a tree, or None if it may."""
    if len(components) > MAX_DEPTH or sum(map(len, components)) + len(components) - 1 > MAX_PATH_BYTES:
        return SkipReason.UNSAFE_NAME
    for component in components:
        fault = fault_in_component(component)
        if fault is not None:
            return fault
    return None


def fault_in_component(name: bytes) -> SkipReason | None:
    """Why a single name may not enter a tree, or None if it may."""
    if len(name) > MAX_COMPONENT_BYTES:
        return SkipReason.UNSAFE_NAME
    if is_plain(name):
        return None
    # A drive anywhere and not only in front: the outer directory may be stripped later.
    if name in {b"", b".", b".."} or _UNSAFE_BYTES.search(name) or _DRIVE.match(name):
        return SkipReason.UNSAFE_NAME
    if fold_name(name) in _GIT_NAMES:
        return SkipReason.GIT_DIRECTORY
    return None


def is_plain(name: bytes) -> bool:
    """Whether a name is so ordinary that no file system takes it for another."""
    return bool(_PLAIN.match(name))


def fold_name(name: bytes) -> str:
    """What the laxest file systems make of a name: no ignored code points, no case, no stream, no dots at the end."""
    folded = _HFS_IGNORED.sub("", name.decode("utf-8", "replace")).lower()
    return folded.partition(":")[0].rstrip(". ")
