"""A private certificate authority: servers' and clients' certificates, as contexts and as PEM files."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

HERE = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFiles:
    """PEM files of a client: its certificate, its key, and both in one."""

    certificate: str
    key: str
    both: str


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that nobody trusts unless told."""

    ca: trustme.CA = field(default_factory=trustme.CA)

    def bundle(self, folder: Path) -> str:
        """A new PEM file with the authority's certificate."""
        path = folder / f"authority-{len(list(folder.iterdir()))}.pem"
        self.ca.cert_pem.write_to_path(path)
        return str(path)

    def server(
        self,
        *names: str,
        expired: bool = False,
        clients: "Authority | None" = None,
        required: bool = True,
        newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> ssl.SSLContext:
        """A server's context for these names (``HERE`` by default).

        With ``clients``, every client is asked for a certificate of that authority, and needs one if ``required``.
        """
        ended = datetime.now(UTC) - timedelta(days=1)
        since = ended - timedelta(days=1)
        leaf = (
            self.ca.issue_cert(*(names or HERE), not_before=since, not_after=ended)
            if expired
            else self.ca.issue_cert(*(names or HERE))
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = newest
        leaf.configure_cert(context)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
            clients.ca.configure_trust(context)
        return context

    def client(self, folder: Path, name: str, password: str | None = None) -> ClientFiles:
        """A client's certificate in new files; the key is encrypted when there is a password."""
        leaf = self.ca.issue_cert(f"{name}@example.com", common_name=name)
        certificate = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        key = leaf.private_key_pem.bytes()
        if password is not None:
            key = load_pem_private_key(key, None).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
            )
        files = ClientFiles(
            certificate=str(folder / f"{name}.crt"), key=str(folder / f"{name}.key"), both=str(folder / f"{name}.pem")
        )
        for path, data in ((files.certificate, certificate), (files.key, key), (files.both, key + certificate)):
            Path(path).write_bytes(data)
        return files
