"""The keys under which the secrets of stored documents are encrypted: found, made, replaced, used.

Nomenclature: the *keyring* is all keys at hand, newest first. The newest encrypts; any of them decrypts.
"""

import os
import re
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from codehost.app.storage import Storage, existing_database, understood
from codehost.config.restoring import KnownSecret
from codehost.durable import make_directory, sync_directory
from codehost.model.errors import UserError
from codehost.record.database import Database
from codehost.record.secrets import SealedSecret, Secrets
from codehost.record.urls import SQLITE, driver_url

KEY_VARIABLE = "CODEHOST_KEY"
KEY_FILE_VARIABLE = "CODEHOST_KEY_FILE"

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_BYTES = 64 * 1024
_COMMENT = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlace:
    """Where the keys are: ``given`` as text (the environment's), or else in ``file``.

    ``may_make``: whether a first key may be made without being asked for. Where several machines share a database, they
    need the same one, so there it may not.
    """

    given: str | None = field(default=None, repr=False)
    file: Path
    may_make: bool = False

    @property
    def shown(self) -> str:
        """Where the keys are, in words."""
        return f"the environment variable {KEY_VARIABLE}" if self.given else f"the key file {self.file}"


class KeyMismatchError(UserError):
    """A secret in the database cannot be read with any of the keys.

    Attributes:
        name: the code host's.
        place: the JSON pointer to the secret in its document.
        where: where the keys came from.
    """

    def __init__(self, name: str, place: str, where: str) -> None:
        super().__init__(name, place, where)
        self.name = name
        self.place = place
        self.where = where

    def __str__(self) -> str:
        return (
            f"The secret at {self.place} of the code host {self.name!r} cannot be read with the keys of {self.where}:"
            " add the key that it was encrypted with behind the newest one. If that key is lost, remove the code host"
            " and add it again with its secrets."
        )


class Keys:
    """A keyring in use."""

    def __init__(self, keys: Sequence[bytes], where: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._where = where

    def seal(self, secret: KnownSecret) -> SealedSecret:
        """Encrypt. The URL is sealed in with the secret: whoever changes it in the database does not get the secret."""
        payload = orjson.dumps([secret.url, secret.value])
        return SealedSecret(place=secret.place, url=secret.url, token=self._fernet.encrypt(payload).decode())

    def open(self, name: str, sealed: SealedSecret) -> KnownSecret:
        """Decrypt a secret of the code host called ``name``.

        Raises:
            KeyMismatchError: no key fits, or the secret is not as it was sealed.
        """
        try:
            url, value = orjson.loads(self._fernet.decrypt(sealed.token))
        except (InvalidToken, ValueError):
            raise KeyMismatchError(name, sealed.place, self._where) from None
        return KnownSecret(place=sealed.place, url=url, value=value)

    def renew(self, name: str, sealed: SealedSecret) -> str:
        """The same secret encrypted with the newest key.

        Raises:
            KeyMismatchError: no key fits.
        """
        try:
            return self._fernet.rotate(sealed.token).decode()
        except InvalidToken:
            raise KeyMismatchError(name, sealed.place, self._where) from None


class Keyring:
    """The keys, read when they are needed first: documents without secrets need none."""

    def __init__(self, place: KeyPlace) -> None:
        self.place = place
        self._keys: Keys | None = None

    def keys(self) -> Keys:
        """The keys that there are.

        Raises:
            UserError: there are none, others may read them, or what is there is no key.
        """
        if self._keys is None:
            self._keys = read_keys(self.place)
        return self._keys

    def open(self, name: str, sealed: Sequence[SealedSecret]) -> tuple[KnownSecret, ...]:
        """Decrypt the secrets of the code host called ``name``.

        Raises:
            UserError: there are no keys, or none fits.
        """
        if not sealed:
            return ()
        try:
            return tuple(self.keys().open(name, secret) for secret in sealed)
        except KeyMismatchError:
            # The keys may have been rotated since they were read.
            self._keys = read_keys(self.place)
            return tuple(self._keys.open(name, secret) for secret in sealed)

    async def keys_to_write(self, database: Database) -> Keys:
        """The keys to encrypt with; on first need, where that is allowed, one is made.

        Raises:
            UserError: as for ``keys``.
        """
        place = self.place
        # Where there are secrets there was a key. It is to be found, and not to be replaced.
        first = place.may_make and not place.given and not place.file.exists() and not await Secrets(database).exist()
        if first:
            write_new_key(place.file)
        keys = self.keys()
        if not place.given:
            # What they encrypt is worth nothing without them, and whoever has made the file may not have come so far.
            _sync(place.file)
        return keys


def key_place(storage: Storage, given: str | None, file: Path | None) -> KeyPlace:
    """Where the keys of a storage are; without either, in the data directory.

    Raises:
        UserError: the database URL is none.
    """
    dialect = driver_url(storage.database_url, storage.data.root).get_backend_name()
    return KeyPlace(given=given or None, file=file or storage.data.root / "key", may_make=dialect == SQLITE)


def read_keys(place: KeyPlace) -> Keys:
    """Read the keys.

    Raises:
        UserError: there are none, others may read them, or what is there is no key.
    """
    text = place.given or _read(place)
    try:
        if texts := _split(text):
            return Keys(texts, place.shown)
    except ValueError:
        pass
    # What is wrong may be a key with a letter too few: it is not shown.
    raise UserError(
        f"What {place.shown} holds is no key: it takes keys as codehost keys new --print writes them, newest first,"
        " with commas or line breaks between them."
    )


def new_key() -> str:
    """A fresh key as text."""
    return Fernet.generate_key().decode()


def write_new_key(file: Path) -> int:
    """Put a fresh key in front of those in the file, or make the file; returns how many it holds then.

    Raises:
        UserError: the file cannot be read or written, or others may read it.
    """
    lines = []
    try:
        if file.exists():
            lines = [key.decode() for key in _split(_read(KeyPlace(file=file)))]
        make_directory(file.parent)
        _write(file, [new_key(), *lines], first=not lines)
    except OSError as error:
        raise UserError(
            f"The key file {file} cannot be written ({error.strerror or error}): choose another with --key-file."
        ) from error
    return len(_split(_read(KeyPlace(file=file))))


async def rotate(storage: Storage, keyring: Keyring) -> int:
    """Encrypt all secrets with the newest key, in one transaction; returns how many there are.

    Raises:
        UserError: there is no database or no key, or a secret cannot be read with any of the keys: nothing is changed.
    """
    keys = keyring.keys()
    with understood(storage):
        async with existing_database(storage) as database:
            return await Secrets(database).renew(keys.renew)


def _split(text: str) -> list[bytes]:
    return [piece.encode() for piece in re.split(r"[,\s]+", _COMMENT.sub("", text)) if piece]


def _read(place: KeyPlace) -> str:
    file = place.file
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"The key file {file} is no regular file: name one with --key-file.")
        if status.st_mode & _OTHERS:
            mode = stat.S_IMODE(status.st_mode)
            raise UserError(f"The key file {file} is open to other users (mode {mode:04o}): run chmod 600 {file}.")
        with file.open("rb") as opened:
            return opened.read(_MAX_BYTES).decode("ascii", errors="replace")
    except FileNotFoundError:
        raise UserError(_missing(place)) from None
    except OSError as error:
        raise UserError(
            f"The key file {file} cannot be read ({error.strerror or error}): let the user that codehost runs as read"
            " it, or name another with --key-file."
        ) from error


def _missing(place: KeyPlace) -> str:
    if place.may_make:
        return (
            f"The key file {place.file} is missing, and the database holds secrets that were encrypted with it: put it"
            f" back, or name it with --key-file or {KEY_FILE_VARIABLE}. If it is lost, codehost keys new makes another,"
            " and code hosts with secrets have to be removed and added again."
        )
    return (
        f"There is no key for the secrets of the documents: {KEY_VARIABLE} is not set, and {place.file} does not exist."
        " All machines that share a database need the same key: make one with codehost keys new. Machines that share"
        f" the data directory then have it; give it to others as {KEY_VARIABLE} or with --key-file."
    )


def _write(file: Path, keys: Sequence[str], *, first: bool) -> None:
    """Write the file so that nobody ever finds a part of it, and so that the first of two first writers wins."""
    # Made with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write("".join(f"{key}\n" for key in keys))
            opened.flush()
            os.fsync(opened.fileno())
        if first:
            try:
                os.link(draft, file)
            except FileExistsError:
                return
        else:
            draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(file.parent)


def _sync(file: Path) -> None:
    # Its folder may be read-only, or not ours to open: then others have put it there, durably.
    with suppress(OSError):
        sync_directory(file.parent)
