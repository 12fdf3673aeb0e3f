"""Files that git itself reads from a tree, and that ``git fsck --strict`` refuses in some forms.

A file that is not plainly harmless is left out of the repository; the skip says so.
"""

import re

from codehost.model.members import MIB
from codehost.pack.paths import MAX_COMPONENT_BYTES, fold_name, is_plain

# fsck: gitattributesLineLength refuses lines of 2,048 bytes and more, gitattributesLarge files over 100 MiB.
_MAX_ATTRIBUTE_LINE = 2047
_MAX_ATTRIBUTES = 100 * MIB

_BLANK_OR_COMMENT = re.compile(rb"[ \t]*(?:[#;].*)?\Z")
_SUBMODULE = re.compile(
    rb'[ \t]*\[submodule[ \t]+"(?!\.{1,2}[/"])(?![^"]*/\.{1,2}[/"])[^"\\\x00-\x1f]+"\][ \t]*\Z', re.IGNORECASE
)
_URL = re.compile(
    rb"[ \t]*url[ \t]*=[ \t]*"
    rb"(?:(?:https?|git|ssh)://(?:[\w.+-]+@)?\w[\w.-]*(?::[0-9]{1,4})?(?:/[\w.@~+/-]*)?|\w[\w.-]*@\w[\w.-]*:[\w.~+/-]+)"
    rb"[ \t]*\Z",
    re.ASCII | re.IGNORECASE,
)
_PATH = re.compile(rb'[ \t]*path[ \t]*=(?![ \t]*-)[^"\\\x00-\x08\x0a-\x1f]+\Z', re.IGNORECASE)
_OTHER = re.compile(
    rb"[ \t]*(?:branch|ignore|shallow|fetchrecursesubmodules)[ \t]*=[ \t]*[\w./-]+[ \t]*\Z", re.ASCII | re.IGNORECASE
)
_SETTINGS = (_URL, _PATH, _OTHER)

_READ_BY_GIT = frozenset({".gitmodules", ".gitattributes", ".gitignore", ".mailmap"})
# NTFS short names: first letters, or those of a hash, then a number; git takes any beginning that the number leaves.
_SHORT_STEMS = ("gitmod", "gitatt", "gitign", "mailma", "gi7eba", "gi7d29", "gi250a", "maba30")
_SHORT_LENGTH = 8
SHORT_NAME = "a short name"


def role_in_git(name: bytes) -> str | None:
    """The file that git takes a name for, such as ``.gitmodules``; None for all others.

    ``SHORT_NAME`` stands for the short names, of which some mean several files at once.
    """
    # A longer name enters no tree, and folding takes time that grows with the square of the length.
    if is_plain(name) or len(name) > MAX_COMPONENT_BYTES:
        return None
    roles = [role for folded in fold_name(name) if (role := _role(folded))]
    return roles[0] if roles else None


def _role(folded: str) -> str | None:
    if folded in _READ_BY_GIT:
        return folded
    stem, _, number = folded.partition("~")
    if len(folded) == _SHORT_LENGTH and number.isdecimal() and any(known.startswith(stem) for known in _SHORT_STEMS):
        return SHORT_NAME
    return None


def is_harmless(role: str, content: bytes) -> bool:
    """Whether fsck accepts the content of a file that git reads."""
    if role == SHORT_NAME:
        return False
    if role == ".gitmodules":
        return _is_plain_modules(content)
    if role == ".gitattributes":
        return len(content) <= _MAX_ATTRIBUTES and all(
            len(line) <= _MAX_ATTRIBUTE_LINE for line in content.split(b"\n")
        )
    return True


def _is_plain_modules(content: bytes) -> bool:
    # git's configuration format, of which only what everybody writes: sections, settings below them, comments.
    if b"\xff" in content:
        return False  # git's parser takes this byte for the end of the file
    in_section = False
    for ended in content.split(b"\n"):
        line = ended.removesuffix(b"\r")  # any other carriage return is part of the line for git
        if _SUBMODULE.match(line):
            in_section = True
        elif not _BLANK_OR_COMMENT.match(line) and not (in_section and any(form.match(line) for form in _SETTINGS)):
            return False
    return True
