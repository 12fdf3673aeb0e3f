import pytest

from codehost.model.promises import MAX_PROMISED, promised

SHA = "ab" * 32


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("sha256", SHA, {"sha256": SHA}),
        ("SHA256", f" {SHA.upper()}\n", {"sha256": SHA}),
        ("blake2b-256", SHA, {"blake2b-256": SHA}),
        ("sha3_512", "ab" * 64, {"sha3_512": "ab" * 64}),
        ("unknown", "ab", {"unknown": "ab"}),
        ("unknown", "ab" * 128, {"unknown": "ab" * 128}),
        ("unknown", "ab" * 129, {}),
        ("sha256", SHA[:-1], {}),
        ("sha256", "", {}),
        ("sha256", "z" * 64, {}),
        ("sha256", "\u0661" * 64, {}),
        ("sha256", None, {}),
        ("sha256", 7, {}),
        ("sha256", [SHA], {}),
        ("", SHA, {}),
        ("\0x", "ab", {}),
        ("sha256\n", SHA, {}),
        ("sha\u0660", SHA, {}),
        ("\u212a", SHA, {}),
        ("\ud800", SHA, {}),
        ("-", SHA, {}),
        ("x" * 32, SHA, {"x" * 32: SHA}),
        ("x" * 33, SHA, {}),
        ("\x1b[31m", "ab", {}),
        ("md5", "x", {}),
    ],
)
def test_one(name: str, value: object, kept: dict[str, str]) -> None:
    assert promised([(name, value)]) == kept


def test_the_first_of_one_name_counts() -> None:
    assert promised([("sha256", SHA), ("SHA256", "cd" * 32)]) == {"sha256": SHA}


def test_a_sha256_is_kept_however_many_others_there_are() -> None:
    many = [(f"x{number}", "ab") for number in range(10_000)]
    kept = promised([*many, ("sha256", SHA)])
    assert len(kept) == MAX_PROMISED + 1
    assert kept["sha256"] == SHA
