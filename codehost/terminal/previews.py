"""What ``codehost plan`` prints."""

from collections import defaultdict

from rich.console import Console

from codehost.model.errors import Failure
from codehost.model.pins import Pin
from codehost.model.releases import Resolution
from codehost.preview.intent import Action, Step
from codehost.preview.outcome import Preview
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
    parts = [
        f"{intent.count(Action.ADD)} to add",
        f"{intent.count(Action.RETRY)} to retry",
        f"{intent.count(Action.RESTORE)} to restore",
        f"{len(intent.retire)} to retire",
        f"{intent.unchanged} unchanged",
    ]
    if preview.answers is not None:
        parts.append(f"{len(preview.lacking)} would not be found")
    new = "" if preview.known else " (the database does not know it yet)"
    say(console, f"{preview.code_host}{new}: {', '.join(parts)}")


def _print_cost(console: Console, preview: Preview) -> None:
    estimate = preview.estimate
    count = f"about {estimate.requests} requests ({estimate.pages} pages, {estimate.files} files)"
    say(console, f"A sync would send {count}{_rate(preview)}.")
    left = "" if preview.requests_left is None else f" ({preview.requests_left} left this hour)"
    say(console, f"This preview sent {preview.requests_sent} requests{left}.")


def _rate(preview: Preview) -> str:
    if preview.requests_per_hour is None:
        return "; there is no limit on requests"
    if preview.estimate.seconds is None:
        return " once the code host is no longer paused"
    rate = f"{preview.requests_per_hour} requests an hour"
    if not preview.estimate.seconds:
        return f"; {rate} allow them at once"
    return f"; at {rate} that takes at least {duration(preview.estimate.seconds)}"
