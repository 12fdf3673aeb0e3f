"""Git's wire format: packet lines, versions, and the requests of version 2. Pure.

A packet line is four hexadecimal digits with the length of the line, these four included, and then its payload. The
lengths 0, 1 and 2 are no lines but marks: the end of a message, a divider in it, the end of a response
(git's documentation: gitprotocol-common, gitprotocol-v2).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

VERSION_2 = 2
FLUSH = b"0000"
DELIMITER = b"0001"
# gitprotocol-common: no line is longer than 65520 bytes, of which four are its length; a sideband takes one more.
_MOST_IN_A_LINE = 65_516
MOST_IN_SIDEBAND = _MOST_IN_A_LINE - 1
_PACK_DATA = b"\x01"

_LENGTH = re.compile(rb"[0-9a-f]{4}")
_HEADER = 4
_VERSIONS = {"version=1": 1, "version=2": VERSION_2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of version 2, lines without their line feeds."""

    command: bytes
    capabilities: tuple[bytes, ...]
    arguments: tuple[bytes, ...]


def version_in(header: str | None) -> int:
    """The version that a ``Git-Protocol`` header asks for; of several the highest, of unknown ones 0."""
    # gitprotocol-http: key=value pairs with colons between them; unknown ones are ignored.
    return max((_VERSIONS.get(pair, 0) for pair in (header or "").split(":")), default=0)


def packet(payload: bytes) -> bytes:
    """One packet line."""
    return b"%04x%s" % (len(payload) + _HEADER, payload)


# gitprotocol-http, "Smart Server Response": the line that tells smart servers from dumb ones. Version 2 has none.
SERVICE_LINE = packet(b"# service=git-upload-pack\n") + FLUSH


def sideband(data: bytes) -> bytes:
    """The packet lines that carry a piece of a pack file."""
    return b"".join(_sideband(memoryview(data)))


def _sideband(view: memoryview) -> Iterator[bytes | memoryview]:
    for start in range(0, len(view), MOST_IN_SIDEBAND):
        piece = view[start : start + MOST_IN_SIDEBAND]
        yield b"%04x%s" % (len(piece) + _HEADER + 1, _PACK_DATA)
        yield piece


def sideband_length(size: int) -> int:
    """How many bytes ``sideband`` makes of so many, however they are cut at multiples of ``MOST_IN_SIDEBAND``."""
    return size + (_HEADER + 1) * -(-size // MOST_IN_SIDEBAND)


def parse_request(body: bytes) -> Request | None:
    """The one request that ``body`` consists of; None if it is anything else, which is then git's to judge."""
    heads: list[bytes] = []
    arguments: list[bytes] = []
    current = heads
    position = 0
    while True:
        length = body[position : position + _HEADER]
        if length == FLUSH:
            break
        if length == DELIMITER:
            if current is arguments:
                return None
            current = arguments
            position += _HEADER
            continue
        end = position + int(length, 16) if _LENGTH.fullmatch(length) else 0
        if not position + _HEADER < end <= len(body):
            return None
        current.append(body[position + _HEADER : end].removesuffix(b"\n"))
        position = end
    if position + _HEADER != len(body) or not heads or not heads[0].startswith(b"command="):
        return None
    return Request(
        command=heads[0].removeprefix(b"command="), capabilities=tuple(heads[1:]), arguments=tuple(arguments)
    )
