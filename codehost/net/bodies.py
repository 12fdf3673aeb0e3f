"""Bodies of project pages: content codings undone within bounds. Pure."""

import zlib

from codehost.model.errors import Failure, Reason

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


def decode_body(raw: bytes, coding: str, limit: int) -> bytes:
    """The body without its content coding.

    Args:
        raw: the bytes as received.
        coding: the ``Content-Encoding`` header, empty if there was none.
        limit: how many bytes the result may have.

    Raises:
        Failure: BAD_PAGE when the coding is not one we asked for, is damaged, or unfolds to more than ``limit``.
    """
    name = coding.strip().lower()
    # RFC 9110, 8.4.1.3: x-gzip is gzip.
    if name in {"gzip", "x-gzip"}:
        return _gunzip(raw, limit)
    if name in {"", "identity"}:
        return raw
    raise Failure(Reason.BAD_PAGE, f"the page came in the content coding {name[:40]!r}, which was not asked for")


def too_large(limit: int) -> Failure:
    """The failure for a page of more than ``limit`` bytes."""
    return Failure(Reason.BAD_PAGE, f"the page has more than {limit} bytes")


def _gunzip(raw: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    # RFC 1952, 2.2: a gzip file is a series of members.
    while raw.startswith(_GZIP_MAGIC):
        inflater = zlib.decompressobj(_GZIP)
        try:
            part = inflater.decompress(raw, left + 1)
        except zlib.error:
            raise Failure(Reason.BAD_PAGE, "the page's compression is damaged") from None
        if len(part) > left:
            raise too_large(limit)
        if not inflater.eof:
            raise Failure(Reason.BAD_PAGE, "the page's compressed bytes end too early")
        parts.append(part)
        left -= len(part)
        raw = inflater.unused_data
    if not parts and raw:
        raise Failure(Reason.BAD_PAGE, "the page claims to be gzip and is not")
    return b"".join(parts)
