"""Hits cut to what is told of them, and what they take."""

from dataclasses import replace

from codehost.model.searching import FileHits
from codehost.search.query.hits import memory_bytes

# What an interpreter takes for a file, besides its path and its lines.
_EACH = 300


def limited(file: FileHits, lines: int) -> FileHits:
    """The file with its first ``lines`` hits, at least one."""
    if len(file.lines) <= lines:
        return file
    return replace(file, lines=file.lines[:lines], more=True)


def hits(file: FileHits) -> int:
    """How many hits a file counts for: one that matches by its name alone is one."""
    return len(file.lines) or 1


def text_bytes(file: FileHits) -> int:
    """About how much memory a file's hits take."""
    return _EACH + len(file.path) + sum(map(memory_bytes, file.lines))
