from datetime import UTC, datetime

import pytest

from codehost.model.errors import Reason
from codehost.net.retries import LONGEST_RETRY_AFTER, MAX_ATTEMPTS, delay_before_retry, parse_retry_after


@pytest.mark.parametrize(
    ("attempt", "reason", "retry_after", "jitter", "expected"),
    [
        (1, Reason.NETWORK, None, 0.0, 0.2),
        (1, Reason.NETWORK, None, 1.0, 0.4),
        (2, Reason.SERVER_ERROR, None, 0.0, 0.4),
        (MAX_ATTEMPTS, Reason.NETWORK, None, 0.0, None),
        (1, Reason.THROTTLED, 3.0, 0.5, 3.0),
        (1, Reason.THROTTLED, 0.0, 0.0, 0.2),
        (1, Reason.THROTTLED, 3600.0, 0.0, None),
        (1, Reason.SERVER_ERROR, 3600.0, 0.0, None),
        (1, Reason.AUTH, None, 0.0, None),
        (1, Reason.NOT_FOUND, 1.0, 0.0, None),
        (1, Reason.HASH_MISMATCH, None, 0.0, None),
        (1, Reason.BLOCKED, None, 0.0, None),
    ],
)
def test_delay(attempt: int, reason: Reason, retry_after: float | None, jitter: float, expected: float | None) -> None:
    assert delay_before_retry(attempt, reason, retry_after, jitter) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("Wed, 01 Jan 2025 00:01:00 GMT", 60.0),
        ("Wed, 01 Jan 2025 00:01:00", 60.0),
        ("Tue, 31 Dec 2024 00:00:00 GMT", 0.0),
        ("9" * 400, LONGEST_RETRY_AFTER),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_AFTER),
        ("Wed, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Wed, 01 Jan 2025 00:00:00 +99999999999999", None),
        ("Wed, 01 Jan 2025 00:00:00 +9999", None),
    ],
)
def test_retry_after(text: str | None, expected: float | None) -> None:
    assert parse_retry_after(text, datetime(2025, 1, 1, tzinfo=UTC)) == expected
