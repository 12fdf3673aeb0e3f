import gzip

import pytest

from codehost.model.errors import Failure, Reason
from codehost.net.bodies import decode_body

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
    ],
)
def test_refused(raw: bytes, coding: str, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        decode_body(raw, coding, len(TEXT))
    assert caught.value.reason is Reason.BAD_PAGE
