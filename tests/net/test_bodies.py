import gzip
import random
import time

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import MIB
from codehost.net.bodies import decode_beginning, decode_body

TEXT = b"six" * 1000


@pytest.mark.parametrize(
    ("raw", "coding"),
    [
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT), "gzip"),
        (gzip.compress(TEXT), "X-GZIP"),
        (gzip.compress(TEXT[:10]) + gzip.compress(TEXT[10:]), "gzip"),
    ],
)
def test_decoded(raw: bytes, coding: str) -> None:
    assert decode_body(raw, coding, len(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("raw", "coding", "what"),
    [
        (gzip.compress(TEXT), "br", "'br'"),
        (gzip.compress(TEXT)[:-20], "gzip", "end too early"),
        (gzip.compress(TEXT)[:20] + b"\xff" * 30, "gzip", "damaged"),
        (TEXT, "gzip", "is not"),
        (gzip.compress(TEXT + b"!"), "gzip", "more than 3000 bytes"),
        (gzip.compress(TEXT) + gzip.compress(b"!"), "gzip", "more than 3000 bytes"),
        (gzip.compress(b"") * 1001, "gzip", "more than 1000 gzip members"),
        (gzip.compress(b"x") * 2 + b"\x1f\x8b", "gzip", "end too early"),
    ],
)
def test_refused(raw: bytes, coding: str, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        decode_body(raw, coding, len(TEXT))
    assert caught.value.reason is Reason.BAD_PAGE


def test_many_members_take_no_long_time() -> None:
    long = random.Random(1).randbytes(16 * MIB)
    raw = gzip.compress(b"x") * 999 + gzip.compress(long, 0) + b"what follows is no member"
    begin = time.process_time()
    assert decode_body(raw, "gzip", 17 * MIB) == b"x" * 999 + long
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("raw", "coding", "expected"),
    [
        (TEXT, "", TEXT),
        (TEXT, "identity", TEXT),
        (b"", "gzip", b""),
        (gzip.compress(TEXT), "gzip", TEXT),
        (gzip.compress(b""), "gzip", b""),
        (gzip.compress(b"x" * 1_000_000), "x-gzip", b"x" * 5000),
        (TEXT * 2, "", (TEXT * 2)[:5000]),
    ],
)
def test_beginning(raw: bytes, coding: str, expected: bytes) -> None:
    assert decode_beginning(raw, coding, 5000) == expected


def test_beginning_of_what_is_cut_off_or_damaged() -> None:
    text = random.Random(1).randbytes(50_000)
    raw = gzip.compress(text)
    for broken in (raw[:40_000], raw[:40_000] + b"\0" * 100 + raw[40_100:]):
        beginning = decode_beginning(broken, "gzip", 100_000)
        assert len(beginning) > 30_000
        assert text.startswith(beginning[:30_000])


@pytest.mark.parametrize(
    ("raw", "coding", "what"),
    [
        (TEXT, "br", "'br', which was not asked for"),
        (TEXT, "gzip", "compression is damaged"),
        (gzip.compress(TEXT)[:5], "gzip", "compression is damaged"),
    ],
)
def test_no_beginning(raw: bytes, coding: str, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        decode_beginning(raw, coding, 100)
    assert caught.value.reason is Reason.BAD_PAGE
