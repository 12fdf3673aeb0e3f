"""What ``codehost plan`` prints."""

from collections import defaultdict

from rich.console import Console

from codehost.model.errors import Failure
from codehost.model.pins import Pin
from codehost.model.releases import Resolution
from codehost.preview.intent import Action, Step
from codehost.preview.outcome import Preview
from codehost.terminal.counts import counted
from codehost.terminal.lines import duration, say


def print_preview(console: Console, preview: Preview) -> None:
    """What a sync would do and fail to do, what it would send, and what finding out has cost."""
    if preview.paused:
        say(console, "Nobody is asked: rateLimit.requestsPerHour is 0, which pauses the code host.")
    for step in preview.intent.steps:
        _print_step(console, step, (preview.answers or {}).get(step.pin))
    _print_lacking(console, preview)
    for clash in preview.intent.clashes:
        say(
            console,
            f"{clash.repository}: the code host {clash.owner!r} has a repository of this name already:"
            " choose another repositoryPathPattern, or give the name of that code host with --name.",
        )
    for name in preview.intent.retire:
        say(console, f"retire   {name} (a sync keeps it; with --prune it removes it)")
    _print_counts(console, preview)
    _print_cost(console, preview)


def _print_step(console: Console, step: Step, answer: Resolution | Failure | None) -> None:
    start = f"{step.action:<7}  {step.pin}"
    if isinstance(answer, Resolution):
        yanked = ", yanked" if answer.file.yanked is not None else ""
        say(console, f"{start}: {answer.file.filename} from {answer.mirror} ({answer.why}{yanked})")
    elif answer is None:
        say(console, f"{start} -> {step.repository}")


def _print_lacking(console: Console, preview: Preview) -> None:
    by_reason: dict[str, list[tuple[Pin, Failure]]] = defaultdict(list)
    for pin, failure in preview.lacking:
        by_reason[failure.reason].append((pin, failure))
    for reason, group in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        facts = group[0][1].facts
        say(console, f"{reason} ({len(group)}): {facts.advice} (Who can act: the {facts.who}.)", style="bold")
        for pin, failure in group:
            say(console, f"  {pin}: {failure}")


def _print_counts(console: Console, preview: Preview) -> None:
    intent = preview.intent
    counts = [
        *((intent.count(action), f"to {action}") for action in Action),
        (len(intent.retire), "to retire"),
        (intent.unchanged, "unchanged"),
        (len(preview.lacking), "would not be found"),
    ]
    parts = [f"{count} {label}" for count, label in counts if count]
    new = "" if preview.known else " (never synced)"
    say(console, f"{preview.code_host}{new}: {', '.join(parts) or 'nothing to do'}")


def _print_cost(console: Console, preview: Preview) -> None:
    estimate = preview.estimate
    kinds = ((estimate.pages, "page"), (estimate.files, "file"))
    parts = ", ".join(counted(count, kind) for count, kind in kinds if count)
    if parts:
        say(console, f"A sync would send about {counted(estimate.requests, 'request')} ({parts}){_rate(preview)}.")
    else:
        say(console, "A sync would send no request.")
    left = "" if preview.requests_left is None else f" ({preview.requests_left} left this hour)"
    say(console, f"This preview sent {counted(preview.requests_sent, 'request')}{left}.")


def _rate(preview: Preview) -> str:
    if preview.requests_per_hour is None:
        return "; there is no limit on requests"
    if preview.estimate.seconds is None:
        return " once the code host is no longer paused"
    rate = f"{counted(preview.requests_per_hour, 'request')} an hour"
    if not preview.estimate.seconds:
        return f"; a limit of {rate} allows that at once"
    return f"; at {rate} that takes at least {duration(preview.estimate.seconds)}"
