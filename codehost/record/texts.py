"""Text from outside, made fit for a database: storable, bounded, without secrets. Pure."""

import re

MAX_MESSAGE = 4_000

# RFC 3986, section 3.2.1: user information ends at the authority's last "@"; JSON may write "/" and "@" as escapes.
_USER_INFORMATION = re.compile(r"(:(?:\\?/){2})(?:(?!\\/|\\u0040)[^\s/?#\"<>]|\\u0040)*(?:@|\\u0040)", re.IGNORECASE)


def without_user_information(text: str) -> str:
    """The same text; URLs in it have lost ``user:password@``."""
    return _USER_INFORMATION.sub(r"\1", text)


def storable(text: str) -> str:
    """The same text without what PostgreSQL's text (NUL) or UTF-8 (lone surrogates) cannot hold."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "backslashreplace").decode("utf-8")


def bounded_or_none(text: str | None) -> str | None:
    """What a mirror says, as ``message`` keeps it, where it says something."""
    return None if text is None else message(text)


def message(text: str) -> str:
    """A failure's message, or what a mirror says, as it is kept: without secrets, and ``bounded``."""
    return bounded(without_user_information(text))


def bounded(text: str) -> str:
    """The same text, storable and of at most ``MAX_MESSAGE`` characters."""
    clean = storable(text)
    return clean if len(clean) <= MAX_MESSAGE else clean[: MAX_MESSAGE - 1] + "…"
