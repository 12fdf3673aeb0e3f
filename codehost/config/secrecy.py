"""What of a document may be shown: user information and queries of URLs never are, nor values under secret keys.

Which keys are secret is told the other way round: a value is shown where all keys that lead to it are known to hold
nothing secret. So a misspelt ``"pasword"`` hides its value too.
"""

import re

from codehost.config.violations import Path, pointer_of

MASK = "***"

# What stands for a secret in a stored document; never a secret itself.
REDACTED = "REDACTED"

SECRET_KEYS = frozenset({"username", "password", "bearerToken", "clientKeyPassword"})
HEADERS = "headers"
REFERENCES = frozenset({"env", "file"})
PUBLIC_KEYS = frozenset(
    {
        "urls",
        "dependencies",
        "indexStrategy",
        "proxy",
        "rateLimit",
        "enabled",
        "requestsPerHour",
        "limits",
        "memberBytes",
        "fileBytes",
        "unpackedBytes",
        "members",
        "ratio",
        "directories",
        "nameBytes",
        "repositoryPathPattern",
        "url",
        "verifyTLS",
        "caBundle",
        "clientCertificate",
        "clientKey",
        "connectTimeoutMs",
        "totalTimeoutMs",
        "allowedHosts",
        "ignoreStatusCodes",
    }
)

# RFC 9110, section 5.6.2: the characters of a header's name.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
# "user:password" and "https://user:password" where the @ was forgotten: a port is at most five digits.
_NO_PORT = re.compile(
    r"(?P<scheme>\s*(?:[A-Za-z][A-Za-z0-9+.-]*://|https?:/?(?!/))?)[^:/?#\[]*:(?!/|[0-9]{1,5}(?:[/?#]|\Z))"
)


def mask(text: str) -> str:
    """``text`` without what could be a password: all before its last ``@`` but a scheme, and the query of a URL.

    Coarse on purpose. A password that was not percent-encoded may hold slashes, question marks or more ``@``, and
    then no parser tells where it ends; so everything up to the last ``@`` goes. Without an ``@``, all but a scheme goes
    where what follows a colon is no port.
    """
    head, at, tail = text.rpartition("@")
    if at:
        scheme = _SCHEME.match(head)
        text = f"{scheme[0] if scheme else ''}{MASK}@{tail}"
    elif no_port := _NO_PORT.match(text):
        return f"{no_port['scheme']}{MASK}"
    before, question, _ = text.partition("?")
    return f"{before}?{MASK}" if question else text


def is_public(path: Path) -> bool:
    """Whether the value at ``path`` may be shown, masked as any text is."""
    return all(isinstance(step, int) or step in PUBLIC_KEYS for step in path)


def shown_text(text: str, path: Path) -> str:
    """A string of the document as it may be shown at ``path``. A reference shows where a secret is, not the secret."""
    if is_public(path):
        return mask(text)
    return text if text in {"", REDACTED} or _refers(text, path) else MASK


def shown_key(key: str, parent: Path) -> str:
    """A key as it may be shown, in the object at ``parent``: keys in the place of a secret can be one."""
    if is_public(parent):
        return mask(key)
    if parent[-1] == HEADERS and is_public(parent[:-1]):
        return key if HEADER_NAME.fullmatch(key) else MASK
    return key if key in REFERENCES else MASK


def shown_pointer(path: Path) -> str:
    """The JSON pointer of ``path`` as it may be shown."""
    steps = enumerate(path)
    return pointer_of(tuple(shown_key(step, path[:at]) if isinstance(step, str) else step for at, step in steps))


def is_environment_name(text: str) -> bool:
    """Whether an environment variable may be called so (POSIX, section 8.1, and the small letters)."""
    return ENVIRONMENT_NAME.fullmatch(text) is not None


def is_absolute(path: str) -> bool:
    """Whether ``path`` is an absolute path that a file may have."""
    return path.startswith("/") and "\0" not in path and path.isprintable()


def _refers(text: str, path: Path) -> bool:
    parent = path[:-1]
    if not parent or path[-1] not in REFERENCES:
        return False
    # Directly under "headers" stands a header that happens to be called so.
    of_secret = parent[-1] in SECRET_KEYS or parent[-2:-1] == (HEADERS,)
    return of_secret and (is_environment_name(text) if path[-1] == "env" else is_absolute(text))
