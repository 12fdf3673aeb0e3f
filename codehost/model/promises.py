"""The digests that a page promises for a file, kept where they can be some."""

import re
from collections.abc import Iterable

MAX_PROMISED = 16

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_DIGEST = re.compile(r"(?:[0-9a-f]{2}){1,128}")


def promised(pairs: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Digests in lower-case hexadecimal by name, from a page's pairs of any kind; of two of one name the first counts.

    Whether an algorithm of that name exists is not judged here: the download verifies those that it can compute. At
    most ``MAX_PROMISED`` are kept, and a sha256 always.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if not isinstance(value, str) or not name.isascii() or not value.isascii():
            continue
        key, digest = name.lower(), value.strip().lower()
        if _NAME.fullmatch(key) and _DIGEST.fullmatch(digest) and (len(found) < MAX_PROMISED or key == "sha256"):
            found.setdefault(key, digest)
    return found
