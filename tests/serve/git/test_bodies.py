import asyncio
import gzip
import zlib
from collections.abc import Sequence

import pytest
from aiohttp import ClientPayloadError, StreamReader
from aiohttp.base_protocol import BaseProtocol

from codehost.serve.git.answers import Refusal
from codehost.serve.git.bodies import CHUNK, pieces

BODY = b"0032want 0123456789012345678901234567890123456789\n" * 5000
ZIPPED = gzip.compress(BODY)
BOMB = gzip.compress(bytes(50_000_000), 9)

GOOD = [
    ("", [BODY], BODY),
    ("identity", [BODY[:7], BODY[7:]], BODY),
    ("gzip", [ZIPPED], BODY),
    ("x-gzip", [ZIPPED], BODY),
    ("gzip", [ZIPPED[n : n + 1] for n in range(len(ZIPPED))], BODY),
    ("gzip", [ZIPPED[:1], ZIPPED[1:]], BODY),
    ("gzip", [BODY], BODY),  # the server has inflated it
    ("", [], b""),
    ("gzip", [], b""),
    ("gzip", [gzip.compress(b"")], b""),
]

BAD = [
    ("br", [BODY], 415),
    ("deflate", [zlib.compress(BODY)], 415),
    ("gzip, gzip", [ZIPPED], 415),
    ("gzip", [ZIPPED[:-1]], 400),
    ("gzip", [ZIPPED[:20]], 400),
    ("gzip", [ZIPPED, b"more"], 400),
    ("gzip", [ZIPPED + b"more"], 400),
    ("gzip", [ZIPPED + ZIPPED], 400),
    ("gzip", [ZIPPED[:50] + b"x" * 50 + ZIPPED[100:]], 400),
    ("gzip", [b"\x1f\x8b" + b"x" * 100], 400),
    ("gzip", [BOMB], 413),
    ("", [BODY] * 5, 413),
]


def reader(data: Sequence[bytes]) -> StreamReader:
    loop = asyncio.get_running_loop()
    content = StreamReader(BaseProtocol(loop), 1 << 30, loop=loop)
    for one in data:
        content.feed_data(one)
    content.feed_eof()
    return content


@pytest.mark.parametrize(("encoding", "data", "body"), GOOD)
async def test_bodies(encoding: str, data: Sequence[bytes], body: bytes) -> None:
    found = [piece async for piece in pieces(reader(data), encoding, len(BODY))]
    assert b"".join(found) == body
    assert all(len(piece) <= CHUNK + 1 for piece in found)


@pytest.mark.parametrize(("encoding", "data", "status"), BAD)
async def test_what_is_not_taken(encoding: str, data: Sequence[bytes], status: int) -> None:
    taken = 0
    with pytest.raises(Refusal) as caught:  # noqa: PT012 - what was given before counts
        async for piece in pieces(reader(data), encoding, 1_000_000):
            taken += len(piece)
    assert caught.value.status == status
    assert taken <= 1_000_000
    assert str(caught.value).endswith(".")


async def test_a_body_that_is_cut_off() -> None:
    content = reader([])
    content.set_exception(ClientPayloadError("cut off"))
    with pytest.raises(Refusal) as caught:
        [piece async for piece in pieces(content, "", 10)]
    assert caught.value.status == 400
