"""The end of a tar archive: what may follow the last member, so that no reader finds another one behind it."""

from codehost.unpack.refusal import refuse
from codehost.unpack.streams import MAX_TRAILING_BYTES, Source, holds_archive
from codehost.unpack.tarheader import BLOCK, is_header

ZEROS = bytes(BLOCK)
_STEP = 128 * BLOCK


def check_end(source: Source) -> None:
    """Read on to the end of the stream, behind a first block of zeros.

    Tolerated: one block of zeros, if nothing follows it; and behind the two that POSIX wants, up to
    ``MAX_TRAILING_BYTES`` of what no reader can take for a member, for all stop in front of it.

    Raises:
        Failure: there is something that some reader goes on with.
    """
    # Some readers stop at a single block of zeros, others pass over it.
    second = source.peek(BLOCK)
    if second.strip(b"\0"):
        raise refuse("there is data behind a single block of zeros")
    if len(second) == BLOCK:
        source.may_trail = True
        _check_behind(source)


def _check_behind(source: Source) -> None:
    """Some readers can be told to go on behind the end mark (GNU tar: --ignore-zeros)."""
    behind = _first_data(source)
    if not behind:
        return
    behind += source.take(MAX_TRAILING_BYTES)
    blocks = (behind[at : at + BLOCK] for at in range(0, len(behind), BLOCK))
    # Old headers have no magic and are known by their checksum.
    if holds_archive(behind) or any(is_header(block) for block in blocks):
        raise refuse("there are members behind the end of the archive")
    if len(behind.strip(b"\0")) > MAX_TRAILING_BYTES or any(piece.strip(b"\0") for piece in source.drain()):
        raise refuse("there is data behind the end of the archive")


def _first_data(source: Source) -> bytes:
    """All of the first step that is not only zeros, from its first block that is not; empty at the end."""
    while step := source.take(_STEP):
        data = step.lstrip(b"\0")
        if data:
            zeros = len(step) - len(data)
            return step[zeros - zeros % BLOCK :]
    return b""
