"""One distribution file to one bare repository: the work of a child process.

This is all that a child does: it reads one file of the spool and writes one directory of the staging area.
"""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from codehost.model.members import IngestReport, IngestRequest, Member
from codehost.pack.build import build_repository
from codehost.unpack.archive import read_archive
from codehost.unpack.wheel import WheelRecord


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
            return _ingest(file, request)
    finally:
        gc.enable()


def _ingest(file: BinaryIO, request: IngestRequest) -> IngestReport:
    def read() -> Iterator[Member]:
        file.seek(0)
        return read_archive(file, request.filename, request.limits)

    # Eggs and sdists have no RECORD.
    if not request.filename.lower().endswith(".whl"):
        return build_repository(read(), request, read)
    record = WheelRecord(request.filename)
    report = build_repository(record.watch(read()), request, read)
    return replace(report, remarks=record.remarks(read))
