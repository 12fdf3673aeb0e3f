"""TLS as a mirror's configuration wants it. Reads files and may take tens of milliseconds: call it in a thread."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from codehost.model.codehosts import Tls
from codehost.model.errors import Failure, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsContexts:
    """``own`` is for the mirror's own origin, ``elsewhere`` for all other servers, the proxy included."""

    own: ssl.SSLContext
    elsewhere: ssl.SSLContext


def make_contexts(tls: Tls) -> TlsContexts:
    """The contexts for connections made for one mirror.

    Raises:
        Failure: a file cannot be loaded: NETWORK for ``ca_bundle``, AUTH for the client certificate and its key.
    """
    elsewhere = _trusting(tls.ca_bundle)
    if tls.verify and tls.client_certificate is None:
        return TlsContexts(own=elsewhere, elsewhere=elsewhere)
    own = _trusting(tls.ca_bundle)
    if not tls.verify:
        own.check_hostname = False
        own.verify_mode = ssl.CERT_NONE
    if tls.client_certificate is not None:
        _load_certificate(own, tls.client_certificate, tls)
    return TlsContexts(own=own, elsewhere=elsewhere)


def _trusting(ca_bundle: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # RFC 7301: nothing else is spoken here, and some servers choose HTTP/2 when they are not told.
    context.set_alpn_protocols(["http/1.1"])
    if ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=ca_bundle)
        except ssl.SSLError:
            what = f"caBundle {ca_bundle} holds no certificates that can be read: it must be in PEM form"
            raise Failure(Reason.NETWORK, what) from None
        except OSError as error:
            raise Failure(Reason.NETWORK, f"caBundle {ca_bundle} cannot be read ({error.strerror})") from None
    return context


def _load_certificate(context: ssl.SSLContext, certificate: str, tls: Tls) -> None:
    key = tls.client_key or certificate
    for name, path in (("clientCertificate", certificate), ("clientKey", key)):
        # The call below does not say which of the two it could not open.
        _check_readable(name, path)
    password = tls.client_key_password or ""
    try:
        # Always with a password: without one, an encrypted key would be asked for on the terminal.
        context.load_cert_chain(certificate, key, lambda: password)
    except (ssl.SSLError, ValueError) as error:
        raise Failure(Reason.AUTH, _why_not_loaded(error, certificate, key, tls)) from None


def _check_readable(name: str, path: str) -> None:
    try:
        Path(path).open("rb").close()
    except OSError as error:
        raise Failure(Reason.AUTH, f"{name} {path} cannot be read ({error.strerror})") from None


def _why_not_loaded(error: ssl.SSLError | ValueError, certificate: str, key: str, tls: Tls) -> str:
    if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
        return f"the key in {key} does not belong to the certificate in {certificate}: check clientKey"
    if tls.client_key_password is None:
        help_ = "both must be in PEM form, and a key with a password needs clientKeyPassword"
    else:
        help_ = "both must be in PEM form, and clientKeyPassword must be the key's"
    return f"the client certificate {certificate} with its key {key} cannot be loaded: {help_}"
