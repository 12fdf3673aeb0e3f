"""Whether a text has more different trigrams than an index takes: three characters in a row, wherever they stand.

To count is what costs most in a file that matches, so it is done without an object for each trigram: those of a piece
are laid out as numbers, and a set takes them.
"""

import codecs
from array import array

MOST_TRIGRAMS = 20_000
_TRIGRAM = 3
# So many trigrams at a time: more no longer fit into the processor's nearest memory.
_STEP = 1 << 12
_BYTE = 256
_SLOT = array("I").itemsize
# Whoever searches asks the next question of the same files. An answer takes about 200 bytes.
_REMEMBERED = 50_000
_remembered: dict[bytes, bool] = {}


def too_many_trigrams(content: bytes, blob: bytes = b"") -> bool:
    """Whether ``content``, which is UTF-8 without NUL, has more than ``MOST_TRIGRAMS``.

    ``blob``: the name of the object that holds it; what was counted is remembered by it. Empty: unknown.
    """
    # No text has more trigrams than bytes.
    if len(content) < MOST_TRIGRAMS + _TRIGRAM:
        return False
    known = _remembered.get(blob)
    if known is None:
        known = _counted(content)
        _remember(blob, too_many=known)
    return known


def _remember(blob: bytes, *, too_many: bool) -> None:
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    if blob:
        _remembered[blob] = too_many


def _counted(content: bytes) -> bool:
    if content.isascii():
        return _of_bytes(content)
    text = content.decode()
    # The first place is that of NUL: codecs is quick with tables that begin with it only.
    alphabet = "\0" + "".join(set(text))
    if len(alphabet) > _BYTE:
        return _of_characters(text)
    return _of_bytes(codecs.charmap_encode(text, "strict", codecs.charmap_build(alphabet))[0])


def _of_bytes(text: bytes) -> bool:
    """``text``: one byte for each character."""
    seen: set[int] = set()
    left = len(text) - _TRIGRAM + 1
    for start in range(0, left, _STEP):
        if len(seen) + left <= MOST_TRIGRAMS:
            return False
        seen.update(_numbers(text[start : start + _STEP + _TRIGRAM - 1]))
        if len(seen) > MOST_TRIGRAMS:
            return True
        left -= _STEP
    return False


def _numbers(text: bytes) -> "array[int]":
    """Each trigram of ``text`` as a number: its three bytes, and one that fills it up."""
    count = len(text) - _TRIGRAM + 1
    filled = bytearray(_SLOT * count)
    for at in range(_TRIGRAM):
        filled[at::_SLOT] = text[at : at + count]
    return array("I", bytes(filled))


def _of_characters(text: str) -> bool:
    seen: set[str] = set()
    for start in range(0, len(text), _STEP):
        piece = text[start : start + _STEP + _TRIGRAM - 1]
        seen.update(map("".join, zip(piece, piece[1:], piece[2:], strict=False)))
        if len(seen) > MOST_TRIGRAMS:
            return True
    return False
