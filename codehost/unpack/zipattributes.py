"""The attributes of a zip archive's members (PKWARE APPNOTE 6.3.10, sections 4.4.2 and 4.4.15), where readers differ.

The upper half of the external attributes is a mode on UNIX and whatever a writer left there elsewhere; the lower half
is what DOS knows. Which systems count as which depends on the reader: for Python's zipfile, and so for installers, a
member that no slash ends is a file, whatever its attributes say.
"""

import stat

from codehost.unpack.refusal import refuse
from codehost.unpack.zipextra import extra_fields

UNIX = 3
# FAT, NTFS by two numbers, VFAT.
_DOS_HOSTS = frozenset({0, 10, 11, 14})
_DOS_DIRECTORY = 0x10
# Where Info-ZIP knows labels: FAT, Atari, HPFS, NTFS. It passes over them.
_LABEL_HOSTS = frozenset({0, 5, 6, 11})
_DOS_LABEL = 0x08
# Modes to Info-ZIP (VMS, Atari, Acorn, QDOS, BeOS, Tandem, AtheOS) or to Go (Darwin), to most others nothing.
_ODD_HOSTS = frozenset({2, 5, 12, 13, 16, 17, 18, 19, 30})
_FILES = frozenset({0, stat.S_IFREG})
# libarchive's field with which a streaming reader knows the attributes before the directory.
_LIBARCHIVE = 0x6C78
_ALL_FLAGS = 0x0F
_HAS_EXTERNAL = 0x04


def unix_mode(host: int, external: int, name: bytes) -> int:
    """The mode of a member made on UNIX, else 0.

    Raises:
        Failure: some readers take the member for something else than a file, a link or a directory by its name.
    """
    if host in _LABEL_HOSTS and external & _DOS_LABEL:
        raise refuse("a member is the label of a disk by its attributes")
    if not name.endswith(b"/") and host in _ODD_HOSTS and stat.S_IFMT(external >> 16) not in _FILES:
        raise refuse("a member is a file to some readers only: what its attributes mean depends on who reads them")
    return external >> 16 if host == UNIX else 0


def is_dos_directory(host: int, external: int) -> bool:
    """Whether the attributes of a DOS or Windows host say that the member is a directory."""
    return host in _DOS_HOSTS and bool(external & _DOS_DIRECTORY)


def check_streamed(extra: bytes, mode: int) -> None:
    """Hold what libarchive's extra field says against the mode of the header.

    Tolerated: the field itself, whose attributes may differ in all but the kind.

    Raises:
        Failure: they make another kind of member of it.
    """
    for kind, body in extra_fields(extra):
        if kind != _LIBARCHIVE:
            continue
        # A byte of flags, then what they announce: the version made by, internal and external attributes, a comment.
        if not body or body[0] & ~_ALL_FLAGS:
            raise refuse("a member's extra field is damaged")
        at = 1 + 2 * (body[0] & 1) + (body[0] & 2)
        told = stat.S_IFMT(int.from_bytes(body[at : at + 4], "little") >> 16) if body[0] & _HAS_EXTERNAL else 0
        if told not in _FILES and told != stat.S_IFMT(mode):
            raise refuse("a member is of one kind by its extra field and of another by its mode")
