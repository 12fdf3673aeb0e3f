"""When a request that failed is worth a quick second try. Pure: a decision that the caller obeys.

Long waits are not made here: they belong to the job, which gives its place to others meanwhile.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from codehost.model.errors import Reason

MAX_ATTEMPTS = 3
BASE_DELAY = 0.2
MAX_RETRY_AFTER = 10.0
# Nobody means more than a day, and nobody may make a job wait for ever.
LONGEST_RETRY_AFTER = 86_400.0

_WORTH_IT = frozenset({Reason.NETWORK, Reason.SERVER_ERROR, Reason.THROTTLED})


def delay_before_retry(attempt: int, reason: Reason, retry_after: float | None, jitter: float) -> float | None:
    """How long to wait before the next attempt, in seconds; None means give up.

    Args:
        attempt: the attempt that has just failed, counted from 1.
        reason: why it failed.
        retry_after: seconds that the server asked to wait, if it did; when that is long, give up at once.
        jitter: a random number from 0 to 1, so that many workers do not come back together.
    """
    if attempt >= MAX_ATTEMPTS or reason not in _WORTH_IT:
        return None
    backoff = BASE_DELAY * (1 << (attempt - 1)) * (1 + jitter)
    if retry_after is None:
        return backoff
    return max(backoff, retry_after) if retry_after <= MAX_RETRY_AFTER else None


def parse_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, at most a day; None if it is missing or unreadable."""
    if text is None:
        return None
    # RFC 9110, 10.2.3: a number of seconds, or a date.
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
        # RFC 9110, 5.6.7: a date without a zone is in GMT.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)
