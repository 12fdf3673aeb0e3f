"""PEM files of TLS: loaded for a try, so that what is wrong with them is told before the first connection."""

import re
import ssl
import stat
from pathlib import Path as FilePath

_CERTIFICATE = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_NEEDS_PEM = "give a PEM file: its certificates start with -----BEGIN CERTIFICATE-----"


class TlsError(Exception):
    """A file that TLS cannot use. ``problem`` is a clause without a subject."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem}; {self.hint}"


class _NoPasswordError(Exception):
    """The key asks for a password, and there is none."""


def check_authorities(path: str) -> None:
    """Load a bundle of certificate authorities.

    Raises:
        TlsError: it holds no certificate, or a damaged one.
        OSError: the file cannot be read.
    """
    if not _CERTIFICATE.search(_content(path)):
        raise TlsError("holds no certificate", _NEEDS_PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise TlsError("holds a damaged certificate", "get the bundle from its source again") from None


def check_key_pair(certificate: str, key: str | None, password: str | None) -> None:
    """Load a client certificate with its key, which is in ``key`` or, without it, in the certificate's file.

    Raises:
        TlsError: a file does not hold what it should, the password is wrong, or the two do not belong together.
        OSError: a file cannot be read.
    """
    if not _CERTIFICATE.search(_content(certificate)):
        raise TlsError("holds no certificate", _NEEDS_PEM)
    if not _PRIVATE_KEY.search(_content(key or certificate)):
        problem = f"goes with the key {key}, which holds no private key" if key else "holds no private key"
        raise TlsError(problem, "give a PEM file" if key else "give the key's file as clientKey")

    def ask() -> str:
        # Without this OpenSSL would ask at the terminal.
        if password is None:
            raise _NoPasswordError
        return password

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, ask)
    except _NoPasswordError:
        raise TlsError("has a key that is locked by a password", "give the password as clientKeyPassword") from None
    except ValueError:
        raise TlsError("has a clientKeyPassword of more than 1,024 bytes", "check the password") from None
    except ssl.SSLError as error:
        raise _explain(error, is_locked=password is not None) from None


def _explain(error: ssl.SSLError, *, is_locked: bool) -> TlsError:
    if error.reason == "KEY_VALUES_MISMATCH":
        return TlsError("and its key do not belong together", "give the key that the certificate was made for")
    if is_locked:
        return TlsError("has a key that clientKeyPassword does not open", "check the password and the key's file")
    return TlsError("or its key is damaged, or weaker than TLS here allows", "get both files from their source again")


def _content(path: str) -> bytes:
    # Reading a pipe or a device might never end.
    if not stat.S_ISREG(FilePath(path).stat().st_mode):
        raise TlsError(f"needs the file {path}, which is no regular file", _NEEDS_PEM)
    return FilePath(path).read_bytes()
