from resource import RLIM_INFINITY

import pytest

from codehost.app.descriptors import connections_within, raised_limit


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "connections"),
    [
        (1_024, 1_048_576, 5_024, 2_000),
        (1_024, RLIM_INFINITY, 5_024, 2_000),
        (1_024, 4_096, 4_096, 2_000),
        (1_024, 1_024, 1_024, 512),
        (1_024, 2_048, 2_048, 1_024),
        (65_536, 65_536, 65_536, 2_000),
        (RLIM_INFINITY, RLIM_INFINITY, RLIM_INFINITY, 2_000),
        (64, 64, 64, 64),
    ],
)
def test_room(soft: int, hard: int, raised: int, connections: int) -> None:
    assert raised_limit(soft, hard) == raised
    assert connections_within(raised) == connections
