import pytest

from codehost.serve.api.times import moment, moment_if_any

MOMENTS = [
    (0, "1970-01-01T00:00:00.000Z"),
    (999, "1970-01-01T00:00:00.000Z"),
    (1_000, "1970-01-01T00:00:00.001Z"),
    (1_767_321_907_089_999, "2026-01-02T02:45:07.089Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
]


@pytest.mark.parametrize(("microseconds", "text"), MOMENTS)
def test_moments(microseconds: int, text: str) -> None:
    assert moment(microseconds) == text
    assert moment_if_any(microseconds) == text


def test_no_moment() -> None:
    assert moment_if_any(None) is None
