"""The numbers of a valid document: budget and limits."""

from math import floor
from typing import Any

from codehost.model.codehosts import DEFAULT_REQUESTS_PER_HOUR, RateLimit
from codehost.model.members import Limits

# More than half a million requests a second is no limit at all, and larger numbers do not fit every database.
MAX_REQUESTS_PER_HOUR = 2**31 - 1

_LIMITS = {
    "memberBytes": "member_bytes",
    "fileBytes": "file_bytes",
    "unpackedBytes": "unpacked_bytes",
    "members": "members",
    "ratio": "ratio",
    "directories": "directories",
    "nameBytes": "name_bytes",
}


def rate_limit_of(members: dict[str, Any]) -> RateLimit:
    """The budget. A missing key has its default; fractions are rounded down, for the budget is a hard cap."""
    if not members.get("enabled", True):
        return RateLimit(requests_per_hour=None)
    requests = floor(members.get("requestsPerHour", DEFAULT_REQUESTS_PER_HOUR))
    return RateLimit(requests_per_hour=min(requests, MAX_REQUESTS_PER_HOUR))


def limits_of(members: dict[str, Any]) -> Limits:
    """The limits; a missing key has its default."""
    # JSON Schema, draft-07, section 6.1.1: 1.0 is an integer too.
    return Limits(**{name: int(members[key]) for key, name in _LIMITS.items() if key in members})
