"""Files that git itself reads from a tree, and that ``git fsck --strict`` refuses in some forms.

A file that is not plainly harmless is left out of the repository; the skip says so.
"""

import re

from codehost.pack.paths import fold_name, is_plain

# fsck: gitattributesLineLength refuses lines of 2,048 bytes and more.
_MAX_ATTRIBUTE_LINE = 2047

_BLANK_OR_COMMENT = re.compile(rb"\s*([#;].*)?\Z")
_SUBMODULE = re.compile(rb'\s*\[submodule\s+"(?!\.{1,2}[/"])(?!.*/\.{1,2}[/"])[^"\\]+"\]\s*\Z')
_URL = re.compile(rb"\s*url\s*=\s*(?:(?:https?|git|ssh)://[\w.@:~+/-]+|[\w.-]+@[\w.-]+:[\w.~+/-]+)\s*\Z", re.ASCII)
_PATH = re.compile(rb'\s*path\s*=\s*(?!-)[^"\\]+\Z')
_OTHER = re.compile(
    rb"\s*(?:branch|ignore|shallow|fetchrecursesubmodules)\s*=\s*[\w./-]+\s*\Z", re.ASCII | re.IGNORECASE
)
_MODULE_LINES = (_BLANK_OR_COMMENT, _SUBMODULE, _URL, _PATH, _OTHER)

_READ_BY_GIT = frozenset({".gitmodules", ".gitattributes", ".gitignore", ".mailmap"})
# NTFS short names: the first letters, or a hash of the name behind the first two, and a number.
_SHORT_NAME = re.compile(r"(gitmod|gitatt|gitign|mailma|gi7eb|gi7d2|gi250|maba3)[0-9a-f]?~[0-9]")
_SHORT_ROLES = {
    "gitmod": ".gitmodules",
    "gi7eb": ".gitmodules",
    "gitatt": ".gitattributes",
    "gi7d2": ".gitattributes",
    "gitign": ".gitignore",
    "gi250": ".gitignore",
    "mailma": ".mailmap",
    "maba3": ".mailmap",
}


def role_in_git(name: bytes) -> str | None:
    """The file that git takes a name for, such as ``.gitmodules``, also under its aliases; None for all others."""
    if is_plain(name):
        return None
    folded = fold_name(name)
    if folded in _READ_BY_GIT:
        return folded
    short = _SHORT_NAME.match(folded)
    return _SHORT_ROLES[short[1]] if short else None


def is_harmless(role: str, content: bytes) -> bool:
    """Whether fsck accepts the content of a file that git reads."""
    if role == ".gitmodules":
        return all(any(form.match(line) for form in _MODULE_LINES) for line in content.splitlines())
    if role == ".gitattributes":
        return all(len(line) <= _MAX_ATTRIBUTE_LINE for line in content.split(b"\n"))
    return True
