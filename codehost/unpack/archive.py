"""Distribution files to members, by the format that the file's name declares."""

from collections.abc import Iterator
from typing import BinaryIO

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits, Member
from codehost.unpack.polyglot import refuse_zip
from codehost.unpack.tar import read_tar
from codehost.unpack.zip import read_zip

_TAR_SUFFIXES = {
    ".tar.gz": ".gz",
    ".tgz": ".gz",
    ".tar.bz2": ".bz2",
    ".tbz": ".bz2",
    ".tar.xz": ".xz",
    ".txz": ".xz",
    ".tar": ".tar",
}
_ZIP_SUFFIXES = (".zip", ".whl", ".egg")


def read_archive(file: BinaryIO, filename: str, limits: Limits) -> Iterator[Member]:
    """The members of a distribution file; its name, not its content, says how installers read it.

    Raises:
        Failure: unsupported-format, unsafe-archive or too-large.
    """
    lowered = filename.lower()
    if lowered.endswith(_ZIP_SUFFIXES):
        return read_zip(file, limits)
    for suffix, compression in _TAR_SUFFIXES.items():
        if lowered.endswith(suffix):
            refuse_zip(file)
            return read_tar(file, compression, limits)
    raise Failure(Reason.UNSUPPORTED_FORMAT, f"{filename} is in no format that can be read")
