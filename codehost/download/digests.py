"""Digests of distribution files: which of a page's can be verified, and the verdict on the bytes. Pure."""

import hashlib
import re

from codehost.model.errors import Failure, Reason

_HEX = re.compile(r"[0-9a-f]+\Z")


def verifiable(hashes: dict[str, str]) -> dict[str, str]:
    """Those digests of a page that hashlib can compute and that are well formed; sha256 first, then by name."""
    good = {name: digest for name, digest in hashes.items() if _well_formed(name, digest)}
    return dict(sorted(good.items(), key=lambda item: (item[0] != "sha256", item[0])))


class Hasher:
    """Computes a file's sha256 and every digest that its page promises, as the bytes come."""

    def __init__(self, hashes: dict[str, str]) -> None:
        self._promised = verifiable(hashes)
        names = {"sha256", *self._promised}
        # An old mirror's md5 guards against damage, not against an attacker: no security rests on it.
        self._running = {name: hashlib.new(name, usedforsecurity=False) for name in names}

    def update(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        for running in self._running.values():
            running.update(data)

    @property
    def sha256(self) -> str:
        """The sha256 of the bytes so far, in lower-case hexadecimal."""
        return self._running["sha256"].hexdigest()

    def verify(self) -> tuple[str, ...]:
        """The names of the promised digests, which all agree.

        Raises:
            Failure: HASH_MISMATCH, when one does not.
        """
        for name, promised in self._promised.items():
            computed = self._running[name].hexdigest()
            if computed != promised:
                raise Failure(Reason.HASH_MISMATCH, f"its {name} is {computed}, but the page promises {promised}")
        return tuple(self._promised)


def _well_formed(name: str, digest: str) -> bool:
    try:
        size = hashlib.new(name, usedforsecurity=False).digest_size
    except (ValueError, TypeError, OverflowError):
        # What a page calls a name need not be one: a null character in it is a TypeError, say.
        return False
    # The shake family has no length of its own (digest_size 0): a promise without one cannot be checked.
    return size > 0 and len(digest) == 2 * size and _HEX.match(digest) is not None
