from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from codehost.config.certificates import TlsError, check_authorities, check_key_pair

PASSWORD = "hidden"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name in ("client", "other"):
        issued = authority.issue_cert(f"{name}@example")
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
        issued.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.both")
    key = load_pem_private_key((folder / "client.key").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode()))
    (folder / "client.locked").write_bytes(locked)
    (folder / "text").write_text("no PEM")
    for kind in ("CERTIFICATE", "PRIVATE KEY"):
        damaged = f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n"
        (folder / f"damaged {kind}").write_text(damaged)
    return folder


SOUND = [
    ("client.pem", "client.key", None),
    ("client.both", None, None),
    ("client.both", None, "not needed"),
    ("client.pem", "client.locked", PASSWORD),
]

UNSOUND = [
    ("text", "client.key", None, "holds no certificate; give a PEM file"),
    ("client.key", "client.key", None, "holds no certificate; give a PEM file"),
    ("damaged CERTIFICATE", "client.key", None, "or its key is damaged, or weaker"),
    ("client.pem", None, None, "holds no private key; give the key's file as clientKey"),
    ("client.pem", "text", None, "goes with the key FOLDER/text, which holds no private key; give a PEM file"),
    ("client.pem", "damaged PRIVATE KEY", None, "or its key is damaged, or weaker"),
    ("client.pem", "other.key", None, "and its key do not belong together; give the key"),
    ("client.pem", "client.locked", None, "has a key that is locked by a password; give the password as"),
    ("client.pem", "client.locked", "wrong", "has a key that clientKeyPassword does not open; check"),
    ("client.pem", "client.locked", "é" * 513, "has a clientKeyPassword of more than 1,024 bytes; check"),
    ("/dev/null", None, None, "needs the file /dev/null, which is no regular file"),
]


@pytest.mark.parametrize(("certificate", "key", "password"), SOUND)
def test_a_sound_pair_loads(files: Path, certificate: str, key: str | None, password: str | None) -> None:
    check_key_pair(str(files / certificate), str(files / key) if key else None, password)


@pytest.mark.parametrize(("certificate", "key", "password", "told"), UNSOUND)
def test_an_unsound_pair_is_explained(
    files: Path, certificate: str, key: str | None, password: str | None, told: str
) -> None:
    with pytest.raises(TlsError) as caught:
        check_key_pair(str(files / certificate), str(files / key) if key else None, password)
    assert str(caught.value).replace(str(files), "FOLDER").startswith(told)


def test_authorities(files: Path) -> None:
    check_authorities(str(files / "ca.pem"))
    for name, told in [
        ("text", "holds no certificate; give a PEM file"),
        ("client.key", "holds no certificate; give a PEM file"),
        ("damaged CERTIFICATE", "holds a damaged certificate; get the bundle"),
    ]:
        with pytest.raises(TlsError) as caught:
            check_authorities(str(files / name))
        assert str(caught.value).startswith(told)
    with pytest.raises(FileNotFoundError):
        check_authorities(str(files / "nothing"))
