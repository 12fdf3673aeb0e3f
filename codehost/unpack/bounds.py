"""How much an archive may unpack to, by the limits of the code host and its own size."""

from os import SEEK_END
from typing import BinaryIO, NamedTuple

from codehost.model.errors import Failure, Reason
from codehost.model.members import UNRATIONED_BYTES, Limits

UNPACKED = "limits.unpackedBytes allows"
RATIO = "limits.ratio allows an archive of its size"


class Bound(NamedTuple):
    """At most so many bytes of content; ``by`` names the limit that an admin can raise, as the end of a sentence."""

    size: int
    by: str = UNPACKED

    def exceeded(self) -> Failure:
        """The failure of an archive that unpacks to more."""
        return Failure(Reason.TOO_LARGE, f"the archive unpacks to more than {self.size} bytes, all that {self.by}")


def unpacked_bound(file: BinaryIO, limits: Limits) -> Bound:
    """The bound for an archive. The file's position is its beginning afterwards."""
    rationed = max(UNRATIONED_BYTES, limits.ratio * file.seek(0, SEEK_END))
    file.seek(0)
    return Bound(rationed, RATIO) if rationed < limits.unpacked_bytes else Bound(limits.unpacked_bytes)
