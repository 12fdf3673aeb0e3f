"""The one choke point for names: nothing enters a tree that did not pass here.

A component is safe when git, on any file system that readers use, stores it as itself: no alias of ``.git``, no
separator but the slash, no control character of ASCII. What is an alias is judged by the laxest of them all:

* HFS+ leaves some code points out of comparisons, ext4 and f2fs (with case folding) all that Unicode calls ignorable;
* all these and APFS fold case and compose or decompose; none makes fullwidth letters narrow, so those are kept;
* NTFS has short names and streams, and Windows drops trailing dots and spaces;
* git takes the first bytes that are not UTF-8 for the end of a name when it looks for aliases;
* careless decoders take overlong forms for the ASCII that they stand for.

Real archives have odd names, and a name that only looks odd is kept: bytes that are not UTF-8, C1 controls, line
separators and bidirectional overrides (whoever shows a name escapes it), dots and spaces at the end, and the names of
devices (``con``, ``nul``), which mean something to Windows and nothing to a bare repository.
"""

import re
import unicodedata

from codehost.model.members import SkipReason

MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 4096
MAX_DEPTH = 100

# Names of which no rule below can complain; nearly all names are such.
_PLAIN = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.+-]*(?<!\.)\Z")
_DRIVE = re.compile(rb"[A-Za-z]:")
_UNSAFE_BYTES = re.compile(rb"[\x00-\x1f\x7f\\]")
# Unicode's Default_Ignorable_Code_Point, of which git's utf8.c and HFS+ ignore a part.
_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Where git's reading of UTF-8 ends: at malformed bytes (replaced when decoded) and at two non-characters.
_MALFORMED = re.compile("[\ufffd-\uffff].*", re.DOTALL)
# RFC 3629: no decoder may accept these; they stand for ASCII in two, three and four bytes.
_OVERLONG = re.compile(rb"(?:[\xc0\xc1]|\xe0[\x80\x81]|\xf0\x80[\x80\x81])[\x80-\xbf]")
_GIT_NAMES = frozenset({".git", "git~1"})
_DOTS = frozenset({".", ".."})


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
    if not name or _UNSAFE_BYTES.search(name) or _DRIVE.match(name):
        return SkipReason.UNSAFE_NAME
    if _is_dots(name):
        return SkipReason.UNSAFE_NAME
    return None if _GIT_NAMES.isdisjoint(fold_name(name)) else SkipReason.GIT_DIRECTORY


def is_plain(name: bytes) -> bool:
    """Whether a name is so ordinary that no file system takes it for another but for its case."""
    return bool(_PLAIN.match(name))


def fold_name(name: bytes) -> list[str]:
    """What a name is to the laxest readers, for comparing it with the names of git's own files. One or two readings."""
    return [_without_stream(reading).rstrip(". ") for reading in _readings(name)]


def twin_key(name: bytes) -> str:
    """What two names have in common that the laxest file system takes for one; names that differ for all differ here.

    ``name`` is one that may enter a tree; so its length bounds the work.
    """
    if is_plain(name):
        return name.decode("ascii").lower()
    return _without_stream(_folded(name.decode("utf-8", "surrogateescape"))).rstrip(". ")


def _is_dots(name: bytes) -> bool:
    text = name.decode("ascii") if name.isascii() else _IGNORED.sub("", _narrow(name).decode("utf-8", "replace"))
    return _without_stream(text).rstrip(" ") in _DOTS


def _readings(name: bytes) -> list[str]:
    if name.isascii():
        return [name.decode("ascii").lower()]
    narrow = _narrow(name)
    forms = [name] if narrow == name else [name, narrow]
    return [_folded(_MALFORMED.sub("", form.decode("utf-8", "replace"))) for form in forms]


def _folded(text: str) -> str:
    # Unicode, "canonical caseless match": decomposed before and after folding.
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", _IGNORED.sub("", text)).casefold())


def _narrow(name: bytes) -> bytes:
    # The form's last byte has six bits of the character, the one before it the seventh.
    return _OVERLONG.sub(lambda form: bytes(((form[0][-2] & 1) << 6 | form[0][-1] & 0x3F,)), name)


def _without_stream(folded: str) -> str:
    return folded.partition(":")[0]
