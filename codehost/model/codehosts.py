"""A code host as configured: mirrors, pins, budget and limits."""

from dataclasses import dataclass, field

from codehost.model.members import Limits
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN, Pin

DEFAULT_REQUESTS_PER_HOUR = 57_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user name and password; neither shows in a representation."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """One entry of ``urls``.

    ``url`` is the simple API's root as written, without user information, query, fragment or trailing slash;
    it is safe to show. ``position`` counts from 0 in the order of the document.
    """

    url: str
    position: int = 0
    credentials: Credentials | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The hourly allowance of requests. ``requests_per_hour`` 0 means paused; None means no limit."""

    requests_per_hour: int | None = DEFAULT_REQUESTS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHostConfig:
    """A valid configuration document, ready to use. ``pins`` keep the document's order."""

    mirrors: tuple[Mirror, ...]
    pins: tuple[Pin, ...]
    rate_limit: RateLimit = RateLimit()
    limits: Limits = field(default_factory=Limits)
    repository_pattern: str = DEFAULT_REPOSITORY_PATTERN
