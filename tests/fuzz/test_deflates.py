import zlib
from random import Random

import pytest

from tests.fuzz.deflates import QUIRKS, odd_stream

SOUND = ("none", "no distance", "bits behind")


def inflated(stream: bytes) -> bytes | None:
    inflating = zlib.decompressobj(wbits=-15)
    try:
        content = inflating.decompress(stream)
    except zlib.error:
        return None
    return content if inflating.eof and not inflating.unused_data else None


@pytest.mark.parametrize("quirk", SOUND)
def test_sound_streams_hold_the_content_that_is_told(quirk: str) -> None:
    for seed in range(50):
        stream, content = odd_stream(Random(seed), quirk)
        assert inflated(stream) == content


@pytest.mark.parametrize("quirk", sorted(set(QUIRKS) - set(SOUND)))
def test_every_other_quirk_is_refused_at_times(quirk: str) -> None:
    streams = [odd_stream(Random(seed), quirk)[0] for seed in range(50)]
    assert None in [inflated(stream) for stream in streams]
