"""Repositories to tasks: the first ones alone, so that something is told soon, then small ones together."""

from collections.abc import Iterator, Sequence

from codehost.model.members import MIB
from codehost.record.searchable import SearchableRelease

# A child reads about 100 MiB a second; asking it costs about a millisecond.
_BYTES = 8 * MIB
_REPOSITORIES = 32
# What is not known to be small is taken to be this large.
_UNKNOWN = 1 * MIB

Batch = tuple[SearchableRelease, ...]


def batches(releases: Sequence[SearchableRelease], alone: int) -> Iterator[Batch]:
    """``releases`` in their order, the first ``alone`` of them each by itself."""
    for release in releases[:alone]:
        yield (release,)
    batch: list[SearchableRelease] = []
    size = 0
    for release in releases[alone:]:
        own = release.unpacked_bytes or _UNKNOWN
        if batch and (size + own > _BYTES or len(batch) == _REPOSITORIES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(release)
        size += own
    if batch:
        yield tuple(batch)
