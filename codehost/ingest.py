"""One distribution file to one bare repository: the work of a child process.

This is all that a child does: it reads one file of the spool and writes one directory of the staging area.
"""

import gc
from pathlib import Path

from codehost.model.members import IngestReport, IngestRequest
from codehost.pack.build import build_repository
from codehost.unpack.archive import read_archive


def ingest(request: IngestRequest) -> IngestReport:
    """Turn the archive into a repository.

    Raises:
        Failure: unsupported-format, unsafe-archive or too-large; what was written so far is the caller's to remove.
        OSError: the disk is full or fails.
    """
    # Many small objects and no cycle among them: the collector would only look at them again and again.
    gc.disable()
    try:
        with Path(request.archive).open("rb") as file:
            return build_repository(read_archive(file, request.filename, request.limits), request)
    finally:
        gc.enable()
