"""What a sync would send, and how long the configured rate makes that last. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from codehost.model.budget import COUNTED, SECOND
from codehost.model.errors import Failure
from codehost.model.pins import Pin
from codehost.model.releases import Resolution
from codehost.net.pacer import pace_for
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
    answers: Mapping[Pin, Resolution | Failure], pages: int, requests_per_hour: int | None, left: int | None = None
) -> Estimate:
    """What a sync would send after a preview that sent ``pages`` requests: the same again, and a file for each found.

    ``left`` is what the hour still allows, where that is known.
    """
    files = sum(isinstance(answer, Resolution) for answer in answers.values())
    return Estimate(pages=pages, files=files, seconds=least_seconds(pages + files, requests_per_hour, left))


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
