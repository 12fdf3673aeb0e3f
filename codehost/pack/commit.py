"""The commit of a release: the same distribution file gives the same bytes on every machine, for ever.

Therefore the metadata is read by the few lines below and not by a library whose rules may change with its version.
"""

import re
from codecs import BOM_UTF8
from dataclasses import dataclass

# Where metadata lies: an sdist's PKG-INFO, a wheel's METADATA, an egg's PKG-INFO.
_METADATA_PATH = re.compile(rb"(?:\./)?(?:[^/]+/)?(?:PKG-INFO|[^/]+\.dist-info/METADATA|EGG-INFO/PKG-INFO)\Z")
_FIELD = re.compile(rb"([A-Za-z-]+)[ \t]*:(.*)")
_AUTHOR_FIELDS = frozenset({b"author", b"author-email", b"maintainer", b"maintainer-email"})
# Bounds on what is looked at: a hostile header must not take more time than its bytes deserve.
_HEADER_BYTES = 1 << 20
_FIELD_CHARACTERS = 1000
_MAILBOX = re.compile(r'\s*(?:(?:"([^"<>]*)"|([^"<>,]*))\s*<([^<>\s,]+)>|([^<>\s,]+@[^<>\s,]+))')
# What git strips from or refuses in identities.
_UNFIT = re.compile("[\x00-\x1f\x7f<>]+")
_CRUD = " .,:;\"'"
_MAX_IDENTITY = 200
COMMITTER = "codehost <codehost@localhost>"
EARLIEST = 0
LATEST = 4_102_444_800  # 2100-01-01: later dates are a broken clock's


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Who wrote a release, as its core metadata says; empty where it does not."""

    author: str = ""
    email: str = ""


def is_metadata(path: bytes) -> bool:
    """Whether a member holds the release's core metadata."""
    return bool(_METADATA_PATH.match(path))


def parse_metadata(content: bytes) -> Metadata:
    """The author of the header block ("Core metadata specifications": RFC 822 style fields, then a body)."""
    fields = _fields(content)
    name, address = fields.get(b"author", ""), fields.get(b"author-email", "")
    if not name and not address:
        name, address = fields.get(b"maintainer", ""), fields.get(b"maintainer-email", "")
    found = _MAILBOX.match(address)
    if found:
        return Metadata(author=name or (found[1] or found[2] or "").strip(), email=found[3] or found[4])
    return Metadata(author=name, email="")


def _decode(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _fields(content: bytes) -> dict[bytes, str]:
    lines: dict[bytes, list[bytes]] = {}
    last: list[bytes] | None = None
    for line in content[:_HEADER_BYTES].removeprefix(BOM_UTF8).splitlines():
        if not line.strip():
            break
        if line.startswith((b" ", b"\t")):
            if last is not None:
                last.append(line.strip())
            continue
        field = _FIELD.match(line)
        last = None
        # The first field of a name counts.
        if field and (name := field[1].lower()) in _AUTHOR_FIELDS and name not in lines:
            last = lines[name] = [field[2].strip()]
    return {name: _decode(b" ".join(found)).strip()[:_FIELD_CHARACTERS] for name, found in lines.items()}


def identity(metadata: Metadata, filename: str) -> str:
    """The author as ``name <email>``, fit for a commit."""
    email = _UNFIT.sub("", metadata.email).strip(_CRUD)[:_MAX_IDENTITY]
    name = _UNFIT.sub(" ", metadata.author).strip(_CRUD)[:_MAX_IDENTITY].strip(_CRUD)
    if name in {"", "UNKNOWN"}:
        name = email.partition("@")[0] or f"{_UNFIT.sub(' ', filename)} authors"
    return f"{name} <{'' if email == 'UNKNOWN' else email}>"


def encode_commit(tree: str, metadata: Metadata, newest: int, filename: str, sha256: str) -> bytes:
    """The commit object: tree, author, committer, a blank line, the message.

    ``newest`` is the time of the newest member in seconds since the epoch.
    """
    when = f"{min(max(newest, EARLIEST), LATEST)} +0000"
    lines = (
        f"tree {tree}",
        f"author {identity(metadata, filename)} {when}",
        f"committer {COMMITTER} {when}",
        "",
        _UNFIT.sub("_", filename),
        "",
        f"sha256: {sha256}",
        "",
    )
    return "\n".join(lines).encode("utf-8", "replace")
