"""Text from outside, made fit for a database: storable, bounded, without secrets. Pure."""

import re

MAX_MESSAGE = 4_000
MAX_DIGESTS = 20

_NAME = re.compile(r"[a-z0-9_-]{1,40}\Z")
_DIGEST = re.compile(r"[0-9a-f]{1,256}\Z")

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


def digests(hashes: dict[str, str]) -> dict[str, str]:
    """What of a page's digests is worth keeping: those that look like digests, the first ``MAX_DIGESTS`` of them."""
    kept = [(name, digest) for name, digest in hashes.items() if _NAME.match(name) and _DIGEST.match(digest)]
    return dict(kept[:MAX_DIGESTS])


def message(text: str) -> str:
    """A failure's message, or what a mirror says, as it is kept: without secrets, and ``bounded``."""
    return bounded(without_user_information(text))


def bounded(text: str) -> str:
    """The same text, storable and of at most ``MAX_MESSAGE`` characters."""
    clean = storable(text)
    return clean if len(clean) <= MAX_MESSAGE else clean[: MAX_MESSAGE - 1] + "…"
