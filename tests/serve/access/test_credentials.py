import base64
from collections.abc import Sequence

import pytest

from codehost.serve.access.credentials import (
    PREFIX,
    UNUSABLE,
    fingerprint,
    is_token,
    new_token,
    presented,
    without_tokens,
)

TOKEN = PREFIX + "a" * 43


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ([], None),
        ([f"Bearer {TOKEN}"], TOKEN),
        ([f"bearer   {TOKEN} "], TOKEN),
        ([basic(f"x:{TOKEN}")], TOKEN),
        ([basic(f"x:with:colons:{TOKEN}")], f"with:colons:{TOKEN}"),
        ([basic(f"{TOKEN}:")], TOKEN),
        ([basic(TOKEN)], TOKEN),
        (["Basic ???"], UNUSABLE),
        (["Basic " + base64.b64encode(b"\xff\xfe:x").decode()], UNUSABLE),
        (["Basic"], UNUSABLE),
        (["Negotiate abc"], UNUSABLE),
        ([""], UNUSABLE),
        ([f"Bearer {TOKEN}", f"Bearer {TOKEN}"], UNUSABLE),
    ],
)
def test_presented(authorization: Sequence[str], expected: str | None) -> None:
    assert presented(authorization) == expected


def test_a_new_token_is_one_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(is_token(token) for token in tokens)


@pytest.mark.parametrize("text", ["", PREFIX, TOKEN[:-1], TOKEN + "a", " " + TOKEN, TOKEN + "\n", "x" * 52])
def test_no_token(text: str) -> None:
    assert not is_token(text)


def test_fingerprint() -> None:
    assert fingerprint("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert fingerprint("\udcff") != fingerprint("")


def test_tokens_are_cut_out_of_texts() -> None:
    assert without_tokens(f"/git/x:{TOKEN}@h and {TOKEN}") == "/git/x:codehost_…@h and codehost_…"
