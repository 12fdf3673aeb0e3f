import os
from pathlib import Path

import pytest
import trustme

from codehost.config.surroundings import MAX_SECRET_BYTES, SurroundingsError, ThisMachine, Unchecked
from codehost.model.codehosts import Tls

VARIABLES = [
    ("MISSING", "names the environment variable MISSING, which is not set; set it for this program, or name another"),
    ("EMPTY", "names the environment variable EMPTY, which is empty; set it to the secret, or name another"),
    ("LATIN", "names the environment variable LATIN, which is not UTF-8; set it to text in UTF-8"),
]

CONTENTS = [
    (b"secret", "secret"),
    (b"secret\n", "secret"),
    (b"secret\r\n", "secret"),
    (b"secret\n\n", "secret\n"),
    (b"secret\r", "secret\r"),
    (b" two words \n", " two words "),
    ("ü".encode(), "ü"),
    (b"x" * MAX_SECRET_BYTES, "x" * MAX_SECRET_BYTES),
]

UNUSABLE = [
    (b"", "which is empty; write the secret into the file"),
    (b"\n", "which is empty; write the secret into the file"),
    (b"\xff\xfe", "which is not UTF-8; save the file as UTF-8"),
    (b"x" * (MAX_SECRET_BYTES + 1), "which is larger than 64 KiB; name a file that holds only the secret"),
]


def test_the_environment() -> None:
    machine = ThisMachine(environ={"NAME": " va lue ", "EMPTY": "", "LATIN": "hidden\udcfc"})
    assert machine.environment("NAME") == " va lue "
    for name, sentence in VARIABLES:
        with pytest.raises(SurroundingsError) as caught:
            machine.environment(name)
        assert str(caught.value) == sentence
    assert "va lue" not in repr(machine)


def test_without_an_environment_it_is_that_of_the_process() -> None:
    assert ThisMachine().environment("PATH") == os.environ["PATH"]


@pytest.mark.parametrize(("content", "secret"), CONTENTS)
def test_a_file_holds_a_secret(tmp_path: Path, content: bytes, secret: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    (tmp_path / "link").symlink_to("secret")
    assert ThisMachine().file(str(tmp_path / "link")) == secret


@pytest.mark.parametrize(("content", "ending"), UNUSABLE)
def test_a_file_that_holds_none(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(SurroundingsError) as caught:
        ThisMachine().file(str(path))
    assert str(caught.value) == f"names the file {path}, {ending}"


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    sentences = {
        "nothing": "which does not exist; check the path on the machine where codehost runs",
        "pipe/below": "which does not exist; check the path on the machine where codehost runs",
        "pipe": "which is no regular file; name a file that holds only the secret",
        ".": "which is no regular file; name a file that holds only the secret",
        "loop": "which cannot be read (too many levels of symbolic links); check the file and its disk",
    }
    for name, ending in sentences.items():
        with pytest.raises(SurroundingsError) as caught:
            ThisMachine().file(f"{tmp_path}/{name}")
        assert str(caught.value) == f"names the file {tmp_path}/{name}, {ending}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "secret").touch(mode=0)
    with pytest.raises(SurroundingsError, match="which may not be read"):
        ThisMachine().file(str(tmp_path / "secret"))


def test_tls_files(tmp_path: Path) -> None:
    bundle, pair = tmp_path / "ca.pem", tmp_path / "pair.pem"
    trustme.CA().cert_pem.write_to_path(bundle)
    trustme.CA().issue_cert("client@example").private_key_and_cert_chain_pem.write_to_path(pair)
    machine = ThisMachine()
    machine.check_tls(Tls())
    machine.check_tls(Tls(ca_bundle=str(bundle), client_certificate=str(pair)))
    with pytest.raises(SurroundingsError, match="holds no private key"):
        machine.check_tls(Tls(client_certificate=str(bundle)))
    with pytest.raises(SurroundingsError, match=r"needs the file /nowhere/ca\.pem, which does not exist"):
        machine.check_tls(Tls(ca_bundle="/nowhere/ca.pem"))


def test_unchecked_looks_at_nothing() -> None:
    unchecked = Unchecked()
    unchecked.check_tls(Tls(ca_bundle="/nowhere"))
    assert unchecked.environment("MISSING") == unchecked.file("/nowhere") != ""
