"""What a sync would send, and how long the configured rate makes that last. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codehost.model.budget import COUNTED, SECOND
from codehost.model.errors import Failure
from codehost.model.pins import Pin
from codehost.model.releases import Resolution
from codehost.net.pacer import pace_for
from codehost.net.retries import delay_before_retry
from codehost.preview.intent import Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a sync would send. ``seconds``: how long the rate makes that last at least; None without a limit."""

    pages: int
    files: int
    seconds: float | None

    @property
    def requests(self) -> int:
        """Pages and files."""
        return self.pages + self.files


def estimate_unasked(intent: Intent, requests_per_hour: int | None) -> Estimate:
    """What a sync would send if every pin is on the first mirror: a page for each project and a file for each pin."""
    pages, files = len({pin.project for pin in intent.due}), len(intent.due)
    return Estimate(pages=pages, files=files, seconds=least_seconds(pages + files, requests_per_hour))


def estimate_asked(
    answers: Mapping[Pin, Resolution | Failure], sent: int, requests_per_hour: int | None, left: int | None = None
) -> Estimate:
    """What a sync would send after a preview that ``sent`` so many requests, if the mirrors are well by then.

    That is the same again, without the retries of what failed, and a file for each pin that was found. ``left`` is
    what the hour still allows, where that is known.
    """
    pages = _healthy_pages(answers, sent)
    files = sum(isinstance(answer, Resolution) for answer in answers.values())
    return Estimate(pages=pages, files=files, seconds=least_seconds(pages + files, requests_per_hour, left))


def _healthy_pages(answers: Mapping[Pin, Resolution | Failure], sent: int) -> int:
    by_project: dict[str, list[Resolution | Failure]] = defaultdict(list)
    for pin, answer in answers.items():
        by_project[pin.project].append(answer)
    # A project has at least one page.
    return max(len(by_project), sent + sum(_correction(group) for group in by_project.values()))


def _correction(answers: Sequence[Resolution | Failure]) -> int:
    """How many more requests than the preview's a sync needs for the pins of one project if its mirrors are well."""
    failures = [answer for answer in answers if isinstance(answer, Failure)]
    retried = [failure for failure in failures if failure.unasked or _attempts(failure) > 1]
    came = {asked.mirror for answer in answers if isinstance(answer, Resolution) for asked in answer.asked}
    # A page that did not come is asked for again by the next pin; one that came serves all pins of its project.
    needed = {failure.mirror for failure in retried} - came
    return len(needed) - sum(_attempts(failure) for failure in retried)


def _attempts(failure: Failure) -> int:
    """How many requests a page took that did not come: 1 for what is not retried, 0 if it was not asked for."""
    if failure.unasked:
        return 0
    attempts = 1
    while delay_before_retry(attempts, failure.reason, failure.retry_after, 0.0) is not None:
        attempts += 1
    return attempts


def least_seconds(requests: int, requests_per_hour: int | None, left: int | None = None) -> float | None:
    """How long the rate makes so many requests last at least; None where no rate says: without a limit, or paused.

    The pacer lets a burst go and spreads the rest; the budget lets no more than its cap go in any hour.
    """
    if not requests_per_hour:
        return None
    pace = pace_for(requests_per_hour)
    paced = max(0, requests - pace.burst) / pace.per_second if pace else 0.0
    at_once = requests_per_hour if left is None else min(left, requests_per_hour)
    windows = math.ceil(max(0, requests - at_once) / requests_per_hour)
    return max(paced, windows * COUNTED / SECOND)
