"""What ``codehost check`` prints: a line for each mirror, and below it what to do."""

from rich.console import Console

from codehost.checking.judging import Access, CheckedMirror, Security
from codehost.checking.report import CheckReport
from codehost.resolve.roots import How
from codehost.terminal.counts import counted
from codehost.terminal.lines import say

_SECURITY = {
    Security.VERIFIED: "TLS verified",
    Security.NOT_VERIFIED: "TLS not verified",
    Security.NONE: "plain http",
}
_ACCESS = {
    Access.NONE: "no credentials",
    Access.ACCEPTED: "credentials accepted",
    Access.REFUSED: "credentials refused",
    Access.MISSING: "credentials wanted and missing",
}

_HOW = {
    How.WRITTEN: "as written",
    How.REMEMBERED: "remembered",
    How.PROJECT_PAGE: "found by its page",
    How.LISTING: "found by its listing",
}


def print_report(console: Console, report: CheckReport) -> None:
    """Every mirror, and how many of them are well."""
    for checked in report.mirrors:
        _print_mirror(console, checked)
    if report.paused:
        say(console, "Nobody was asked: rateLimit.requestsPerHour is 0, which pauses the code host.")
    enabled = [checked for checked in report.mirrors if checked.mirror.enabled]
    if not enabled:
        say(console, "No mirror is enabled: a sync would find nothing.")
    left = "" if report.requests_left is None else f" ({report.requests_left} left this hour)"
    well = f"{sum(checked.well for checked in enabled)} of {len(enabled)} mirrors well"
    mirrors = f"{counted(len(enabled), 'mirror')} not asked" if report.paused else well
    say(console, f"{report.code_host}: {mirrors}, {counted(report.requests_sent, 'request')}{left}")


def _print_mirror(console: Console, checked: CheckedMirror) -> None:
    url = checked.mirror.url
    if not checked.mirror.enabled:
        say(console, f"off      {url}: disabled")
        return
    if checked.outcome is None:
        say(console, f"unasked  {url}")
    elif checked.failure is not None:
        facts = "; ".join(_connection(checked))
        say(console, f"broken   {url}: {checked.failure.what}{f' ({facts})' if facts else ''}", style="bold")
    elif checked.unsure:
        facts = ", ".join(_facts(checked))
        say(console, f"unsure   {url}: nothing there shows that it is a simple API ({facts})", style="bold")
    else:
        say(console, f"well     {url}: {', '.join(_facts(checked))}")
    if checked.advice is not None:
        say(console, f"         what to do: {checked.advice}")
    for warning in checked.warnings:
        say(console, f"         warning: {warning}")


def _connection(checked: CheckedMirror) -> list[str]:
    """What is known of the way there: protection, credentials, time."""
    outcome = checked.outcome
    security = _SECURITY.get(checked.security)
    if outcome is None or not outcome.reached:
        return [security] if security else []
    time = None if outcome.seconds is None else f"{outcome.seconds * 1000:.0f} ms"
    return list(filter(None, (security, _ACCESS.get(checked.access), time)))


def _facts(checked: CheckedMirror) -> list[str]:
    probe = checked.probe
    if probe is None:
        return _connection(checked)
    api = f"{probe.api} API" if probe.api else None
    root = f"simple root {probe.root} ({_HOW[probe.how]})" if probe.root and probe.how else None
    return [*_connection(checked), *filter(None, (api, root)), probe.said]
