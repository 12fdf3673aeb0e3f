"""The names of a zip archive's members: one reading each, one member each."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from codehost.unpack.refusal import refuse
from codehost.unpack.zipextra import unicode_paths

FLAG_UTF8 = 0x800

# Paths that are their own place: no component begins with a dot or is empty. Nearly all are such.
_PLAIN = re.compile(rb"(?![./])(?:[^/]|/(?![./]|\Z))+\Z", re.DOTALL)


def decode_name(name: bytes, flags: int, extra: bytes) -> bytes:
    """The path that a header's name stands for, in UTF-8.

    Raises:
        Failure: readers make different paths of it.
    """
    # C programs end the name at the zero byte, and so does Python's zipfile.
    if not name or b"\0" in name:
        raise refuse("a member has no name, or one with a zero byte in it")
    path = name if name.isascii() else _decoded(name, flags)
    if not extra:
        return path
    for given in unicode_paths(extra):
        # Tolerated: a header's name in UTF-8 without the flag, when the unicode path says the same bytes. Info-ZIP
        # writes so on UTF-8 systems; the field tells what the bytes mean.
        if given == name:
            path = name
        elif given != path:
            raise refuse("a member has one name in its header and another in its unicode path")
    return path


def _decoded(name: bytes, flags: int) -> bytes:
    # 4.4.4, bit 11 and appendix D: without it names are in code page 437, as pip takes them.
    if not flags & FLAG_UTF8:
        return name.decode("cp437").encode()
    try:
        name.decode()
    except UnicodeDecodeError as error:
        # An installer refuses the whole archive; other readers guess, and read overlong forms as slashes.
        raise refuse("a member's name is said to be UTF-8 and is not") from error
    return name


def place_of(path: bytes) -> bytes:
    """The place in the tree that a path names: without ``.``, doubled slashes and the slash at the end."""
    root = b"/" if path.startswith(b"/") else b""
    return root + b"/".join(part for part in path.split(b"/") if part not in {b"", b"."})


def repeated_places(paths: Iterable[bytes]) -> frozenset[bytes]:
    """The places that several members have. Which of the members counts there depends on the reader.

    Raises:
        Failure: a member lies below another that is no directory, so that one of them cannot be written.
    """
    counts: Counter[bytes] = Counter()
    files: set[bytes] = set()
    for path in paths:
        place = path if _PLAIN.match(path) else place_of(path)
        counts[place] += 1
        if not path.endswith(b"/"):
            files.add(place)
    ordered = sorted(counts)
    if any(_has_below(ordered, file) for file in files):
        raise refuse("a member of the zip archive lies below another that is no directory")
    return frozenset(place for place, count in counts.items() if count > 1)


def check_raw_names(names: Iterable[tuple[bytes, bytes]]) -> None:
    """Hold the names as they stand, each with the path that it means, against each other.

    Many readers take names without the flag for UTF-8, or as they stand, and not for code page 437.

    Raises:
        Failure: two names are one to those readers, and two here.
    """
    paths: dict[bytes, bytes] = {}
    for name, path in names:
        place = place_of(path)
        if paths.setdefault(place_of(name), place) != place:
            raise refuse("two members of the zip archive have one name, of which one is flagged as UTF-8")


def _has_below(ordered: list[bytes], place: bytes) -> bool:
    # Sought and not kept as a set of parents: a name of 64 KiB may have 32,000 of them.
    below = place + b"/"
    at = bisect_left(ordered, below)
    return at < len(ordered) and ordered[at].startswith(below)
