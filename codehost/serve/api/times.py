"""Moments as all answers of the API write them. Pure."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(microseconds: int) -> str:
    """Microseconds since the epoch as RFC 3339 in UTC, with milliseconds: ``2026-01-02T03:04:05.678Z``."""
    return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{microseconds // 1_000 % 1_000:03d}Z"
    )


def moment_if_any(microseconds: int | None) -> str | None:
    """The same, or None."""
    return None if microseconds is None else moment(microseconds)
