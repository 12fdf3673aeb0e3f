"""Tokens: how one is made, how it is recognised, and where in a request it stands. Pure but for chance.

A token is random enough that nobody finds one by trying, so its plain SHA-256 is what is kept, and looking that up
tells nothing by the time it takes.
"""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Sequence

PREFIX = "codehost_"
_BYTES = 32
_TOKEN = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")
_MASK = f"{PREFIX}…"
# What somebody sent in place of a token; it is never one.
UNUSABLE = ""


def new_token() -> str:
    """A token that nobody has."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def is_token(text: str) -> bool:
    """Whether the text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def fingerprint(token: str) -> str:
    """By what a token is kept and found: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def without_tokens(text: str) -> str:
    """The same text with every token in it cut down to its prefix."""
    return _TOKEN.sub(_MASK, text)


def presented(authorization: Sequence[str]) -> str | None:
    """The token in the values of ``Authorization``; None when there is no such field, ``UNUSABLE`` when it has none.

    As a password it may come with any user name, and as a user name with no password.
    """
    if not authorization:
        return None
    scheme, _, rest = authorization[0].strip().partition(" ")
    if len(authorization) > 1:
        return UNUSABLE
    match scheme.lower():
        # RFC 6750, section 2.1
        case "bearer":
            return rest.strip()
        # RFC 7617, section 2
        case "basic":
            return _password(rest.strip())
        case _:
            return UNUSABLE


def _password(encoded: str) -> str:
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return UNUSABLE
    return password or user
