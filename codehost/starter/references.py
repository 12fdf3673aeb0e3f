"""User names and passwords as references to environment variables, and what there is to say of them.

The secrets stay where they are. The document names the variables that codehost will read, and a comment tells which
place they are to be copied from, never what stands there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from codehost.starter.addresses import Address

_ANY = "a user name"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The variables for a user name and a password.

    ``comments`` and ``notes`` are sentences; a note tells what to do.
    """

    username: str | None = None
    password: str | None = None
    comments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whatever has a user name and password: a mirror or a proxy.

    ``origin`` is where its URL stands. ``own`` names the variables that the tool itself reads, where they are set.
    """

    address: Address
    origin: str
    own: tuple[str | None, str | None] = (None, None)


class Naming:
    """Gives each pair of user name and password its variables, the same ones wherever the pair occurs on a server."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._pairs: dict[str, tuple[str | None, str | None]] = {}

    def references(self, holder: Holder) -> References:
        """The references that take the place of what ``holder`` has; empty if it has nothing."""
        own_username, own_password = holder.own
        raw_username = holder.address.username if not own_username else None
        raw_password = holder.address.password if not any(holder.own) else None
        has_password = bool(own_password or raw_password)
        if not (has_password or own_username or raw_username):
            return References()
        username = own_username or _variable(raw_username)
        password = own_password or _variable(raw_password)
        copied: dict[str, str] = {}
        named = [name for name in (username, password) if name]
        if username is None or (password is None and has_password):
            stem = self.stem(holder.address)
            if username is None:
                username = f"{stem}_USERNAME"
                copied[username] = "the user name" if raw_username else _ANY
            if password is None and has_password:
                password = f"{stem}_PASSWORD"
                copied[password] = "the password"
        return References(
            username=username,
            password=password,
            comments=(*_copied(copied, holder), *_named(named)),
            notes=self._notes(copied, named, holder),
        )

    def stem(self, address: Address) -> str:
        """What the names of the variables for this server begin with."""
        shown = f"{address.server.host}_{address.server.port}" if address.has_own_port else address.server.host
        words = re.sub(r"[^A-Z0-9]+", "_", shown.upper()).strip("_") or "MIRROR"
        pair = (address.username, address.password)
        for number in count(1):
            stem = f"CODEHOST_{words}" if number == 1 else f"CODEHOST_{words}_{number}"
            if self._pairs.setdefault(stem, pair) == pair:
                return stem
        raise AssertionError

    def _notes(self, copied: dict[str, str], named: list[str], holder: Holder) -> tuple[str, ...]:
        missing = {name: what for name, what in copied.items() if not self._environ.get(name)}
        notes: list[str] = []
        if missing:
            there = f", as in {holder.origin}" if set(missing.values()) != {_ANY} else ""
            values = f"{' and '.join(missing.values())} for {holder.address.url}{there}"
            notes.append(f"Set {' and '.join(missing)}: {values}.")
        unset = [name for name in named if not self._environ.get(name)]
        if unset:
            notes.append(f"Set {' and '.join(unset)}, which {holder.origin} refers to.")
        return tuple(notes)


def _variable(raw: str | None) -> str | None:
    """The name of the variable that a part of a URL consists of."""
    match = _VARIABLE.fullmatch(raw or "")
    return match[1] if match else None


def _copied(copied: dict[str, str], holder: Holder) -> tuple[str, ...]:
    if not copied:
        return ()
    there = [what for what in copied.values() if what != _ANY]
    sentences = [f"Not copied here: {holder.origin} has {' and '.join(there)}."] if there else []
    sentences.append(f"Export {' and '.join(f'{what} as {name}' for name, what in copied.items())}.")
    if _ANY in copied.values():
        sentences.append("No user name is given there; a server that looks at the password alone takes any.")
    if any("%" in (part or "") for part in (holder.address.username, holder.address.password)):
        sentences.append("Write them decoded: what a URL writes as %40 is @.")
    return tuple(sentences)


def _named(named: list[str]) -> tuple[str, ...]:
    if not named:
        return ()
    plural = len(named) > 1
    return (f"{' and '.join(named)} {'are' if plural else 'is'} read when codehost runs, and must be set there.",)
