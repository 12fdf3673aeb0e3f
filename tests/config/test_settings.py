from typing import Any

import pytest

from codehost.config.settings import MAX_REQUESTS_PER_HOUR, limits_of, rate_limit_of
from codehost.model.members import Limits


@pytest.mark.parametrize(
    ("members", "requests"),
    [
        ({}, 57_600),
        ({"enabled": True}, 57_600),
        ({"enabled": False}, None),
        ({"enabled": False, "requestsPerHour": 5}, None),
        ({"enabled": True, "requestsPerHour": 5}, 5),
        ({"requestsPerHour": 5}, 5),
        ({"requestsPerHour": 57600.0}, 57_600),
        ({"requestsPerHour": 7.99}, 7),
        ({"requestsPerHour": 0.5}, 0),
        ({"requestsPerHour": 0}, 0),
        ({"requestsPerHour": 1e300}, MAX_REQUESTS_PER_HOUR),
    ],
)
def test_the_budget(members: dict[str, Any], requests: int | None) -> None:
    read = rate_limit_of(members).requests_per_hour
    assert (read, type(read)) == (requests, type(requests))


def test_the_limits() -> None:
    assert limits_of({}) == Limits()
    sizes = {"memberBytes": 1, "fileBytes": 2.0, "unpackedBytes": 3, "members": 4}
    read = limits_of({**sizes, "ratio": 5, "directories": 6.0, "nameBytes": 7})
    assert read == Limits(
        member_bytes=1, file_bytes=2, unpacked_bytes=3, members=4, ratio=5, directories=6, name_bytes=7
    )
    assert type(read.file_bytes) is int
