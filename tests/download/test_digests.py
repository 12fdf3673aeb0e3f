import hashlib

import pytest

from codehost.download.digests import Hasher, verifiable
from codehost.model.errors import Failure, Reason

DATA = b"six"
SHA = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()
BLAKE = hashlib.blake2b(DATA).hexdigest()


@pytest.mark.parametrize(
    ("hashes", "names"),
    [
        ({}, []),
        ({"md5": MD5, "blake2b": BLAKE, "sha256": SHA}, ["sha256", "blake2b", "md5"]),
        ({"sha256": SHA[:-1]}, []),
        ({"sha256": "z" * 64}, []),
        ({"sha256": f"{SHA}\n"}, []),
        ({"sha256": SHA.upper()}, []),
        ({"nonsense": SHA}, []),
        ({"": SHA}, []),
        ({"\0sha256": SHA, "sha256\0": SHA, "\ud800": SHA, "x" * 9000: SHA}, []),
        ({"shake_128": ""}, []),
    ],
)
def test_verifiable(hashes: dict[str, str], names: list[str]) -> None:
    assert list(verifiable(hashes)) == names


def test_agreement() -> None:
    hasher = Hasher({"md5": MD5, "sha256": SHA, "odd": "00"})
    for byte in DATA:
        hasher.update(bytes([byte]))
    assert hasher.verify() == ("sha256", "md5")
    assert hasher.sha256 == SHA


def test_without_promises_the_sha256_is_computed() -> None:
    hasher = Hasher({})
    hasher.update(DATA)
    assert (hasher.verify(), hasher.sha256) == ((), SHA)


@pytest.mark.parametrize("wrong", ["sha256", "md5", "blake2b"])
def test_one_that_disagrees_is_enough(wrong: str) -> None:
    hashes = {"sha256": SHA, "md5": MD5, "blake2b": BLAKE}
    hashes[wrong] = "0" * len(hashes[wrong])
    hasher = Hasher(hashes)
    hasher.update(DATA)
    with pytest.raises(Failure, match=f"its {wrong} is") as caught:
        hasher.verify()
    assert caught.value.reason is Reason.HASH_MISMATCH
