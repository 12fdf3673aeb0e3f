from random import Random

import pytest

from tests.fuzz.deflates import QUIRKS, odd_stream, taken_by_zlib

SOUND = ("none", "no distance", "bits behind")


@pytest.mark.parametrize("quirk", SOUND)
def test_sound_streams_hold_the_content_that_is_told(quirk: str) -> None:
    for seed in range(50):
        stream, content = odd_stream(Random(seed), quirk)
        assert taken_by_zlib(stream) == content


@pytest.mark.parametrize("quirk", sorted(set(QUIRKS) - set(SOUND)))
def test_every_other_quirk_is_refused_at_times(quirk: str) -> None:
    streams = [odd_stream(Random(seed), quirk)[0] for seed in range(50)]
    assert None in [taken_by_zlib(stream) for stream in streams]
