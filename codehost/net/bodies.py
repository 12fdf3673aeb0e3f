"""Bodies of project pages: content codings undone within bounds. Pure."""

import zlib

from codehost.model.errors import Failure, Reason

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 512
_FED = 64 * 1024
# A server that writes its page in more pieces than this means no good.
_MEMBERS = 1_000


def decode_body(raw: bytes, coding: str, limit: int) -> bytes:
    """The body without its content coding.

    Args:
        raw: the bytes as received.
        coding: the ``Content-Encoding`` header, empty if there was none.
        limit: how many bytes the result may have.

    Raises:
        Failure: BAD_PAGE when the coding is not one we asked for, is damaged, or unfolds to more than ``limit``.
    """
    return _gunzip(raw, limit) if _is_gzip(coding) else raw


def decode_beginning(raw: bytes, coding: str, limit: int) -> bytes:
    """As ``decode_body``, for a body that may have been cut off: what can be decoded of it, ``limit`` bytes at most.

    Raises:
        Failure: BAD_PAGE when the coding is not one we asked for, or nothing can be decoded.
    """
    if not raw or not _is_gzip(coding):
        return raw[:limit]
    # Piece by piece, because damage further on must not take what stands before it.
    inflater, beginning = zlib.decompressobj(_GZIP), bytearray()
    for start in range(0, len(raw), _PIECE):
        try:
            beginning += inflater.decompress(raw[start : start + _PIECE], limit - len(beginning))
        except zlib.error:
            break
        if len(beginning) >= limit or inflater.eof:
            break
    if not beginning and not inflater.eof:
        raise Failure(Reason.BAD_PAGE, "the page's compression is damaged")
    return bytes(beginning)


def too_large(limit: int) -> Failure:
    """The failure for a page of more than ``limit`` bytes."""
    return Failure(Reason.BAD_PAGE, f"the page has more than {limit} bytes")


def _is_gzip(coding: str) -> bool:
    name = coding.strip().lower()
    # RFC 9110, 8.4.1.3: x-gzip is gzip.
    if name in {"gzip", "x-gzip"}:
        return True
    if name in {"", "identity"}:
        return False
    raise Failure(Reason.BAD_PAGE, f"the page came in the content coding {name[:40]!r}, which was not asked for")


def _gunzip(raw: bytes, limit: int) -> bytes:
    body = bytearray()
    start = members = 0
    # RFC 1952, 2.2: a gzip file is a series of members.
    while raw.startswith(_GZIP_MAGIC, start):
        members += 1
        if members > _MEMBERS:
            raise Failure(Reason.BAD_PAGE, f"the page has more than {_MEMBERS} gzip members")
        try:
            start = _inflate(memoryview(raw), start, body, limit)
        except zlib.error:
            raise Failure(Reason.BAD_PAGE, "the page's compression is damaged") from None
    if not members and raw:
        raise Failure(Reason.BAD_PAGE, "the page claims to be gzip and is not")
    return bytes(body)


def _inflate(raw: memoryview, start: int, body: bytearray, limit: int) -> int:
    """Append the gzip member at ``start`` to ``body``; gives where it ends."""
    inflater = zlib.decompressobj(_GZIP)
    while not inflater.eof:
        # Piece by piece, because at a member's end the inflater copies all that it was fed beyond it.
        piece = raw[start : start + _FED]
        if not piece:
            raise Failure(Reason.BAD_PAGE, "the page's compressed bytes end too early")
        body += inflater.decompress(piece, limit - len(body) + 1)
        if len(body) > limit:
            raise too_large(limit)
        start += len(piece) - len(inflater.unused_data)
    return start
