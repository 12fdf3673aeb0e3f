"""What a document refers to and does not hold: environment variables and files. The one place that looks at them."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Protocol

from codehost.config.certificates import TlsError, check_authorities, check_key_pair
from codehost.model.codehosts import Tls

MAX_SECRET_BYTES = 64 * 1024

# Fits wherever a secret may stand, and is none.
PLACEHOLDER = "not-looked-up"


class SurroundingsError(Exception):
    """A reference that leads to nothing usable. ``problem`` is a clause without a subject; no text shows a value."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem}; {self.hint}"


class Surroundings(Protocol):
    """Whoever can follow a document's references."""

    def environment(self, name: str) -> str:
        """The value of an environment variable.

        Raises:
            SurroundingsError: it is not set, empty or no text.
        """
        ...

    def file(self, path: str) -> str:
        """The secret in a file: UTF-8, at most ``MAX_SECRET_BYTES``, without the newline that ends it.

        Raises:
            SurroundingsError: it cannot be read, or holds no secret.
        """
        ...

    def check_tls(self, tls: Tls) -> None:
        """See to it that the authorities and the client certificate can be used.

        Raises:
            SurroundingsError: a file cannot be read, or its content cannot be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Looks at nothing: every reference holds, and gives a placeholder. For checking a document anywhere."""

    def environment(self, name: str) -> str:  # noqa: ARG002 - the protocol's
        """The placeholder."""
        return PLACEHOLDER

    def file(self, path: str) -> str:  # noqa: ARG002 - the protocol's
        """The placeholder."""
        return PLACEHOLDER

    def check_tls(self, tls: Tls) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class ThisMachine:
    """The environment of this process and the files of this machine."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def environment(self, name: str) -> str:
        """The value of an environment variable."""
        named = f"names the environment variable {name}"
        value = self.environ.get(name)
        if value is None:
            raise SurroundingsError(f"{named}, which is not set", "set it for this program, or name another")
        if not value:
            raise SurroundingsError(f"{named}, which is empty", "set it to the secret, or name another")
        if not _is_text(value):
            raise SurroundingsError(f"{named}, which is not UTF-8", "set it to text in UTF-8")
        return value

    def file(self, path: str) -> str:
        """The secret in a file."""
        named = f"names the file {path}"
        try:
            data = _read(path)
        except OSError as error:
            raise SurroundingsError(*_unreadable(named, error)) from None
        if data is None:
            raise SurroundingsError(f"{named}, which is no regular file", "name a file that holds only the secret")
        if len(data) > MAX_SECRET_BYTES:
            problem = f"{named}, which is larger than {MAX_SECRET_BYTES // 1024} KiB"
            raise SurroundingsError(problem, "name a file that holds only the secret")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise SurroundingsError(f"{named}, which is not UTF-8", "save the file as UTF-8") from None
        secret = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
        if not secret:
            raise SurroundingsError(f"{named}, which is empty", "write the secret into the file")
        return secret

    def check_tls(self, tls: Tls) -> None:
        """Load the authorities and the client certificate as the program will for a connection."""
        try:
            if tls.ca_bundle is not None:
                check_authorities(tls.ca_bundle)
            if tls.client_certificate is not None:
                check_key_pair(tls.client_certificate, tls.client_key, tls.client_key_password)
        except OSError as error:
            raise SurroundingsError(*_unreadable(f"needs the file {error.filename}", error)) from None
        except TlsError as error:
            raise SurroundingsError(error.problem, error.hint) from None


def _read(path: str) -> bytes | None:
    """A little more than a secret may have, or None for what is no regular file: reading a pipe might never end."""
    if not stat.S_ISREG(FilePath(path).stat().st_mode):
        return None
    with FilePath(path).open("rb") as file:
        return file.read(MAX_SECRET_BYTES + 1)


def _unreadable(named: str, error: OSError) -> tuple[str, str]:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return f"{named}, which does not exist", "check the path on the machine where codehost runs"
        case PermissionError():
            return f"{named}, which may not be read", "let the user that codehost runs as read it"
        case _:
            reason = (error.strerror or type(error).__name__).lower()
            return f"{named}, which cannot be read ({reason})", "check the file and its disk"


def _is_text(value: str) -> bool:
    # What is not UTF-8 in the environment arrives as lone surrogates (PEP 383).
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
