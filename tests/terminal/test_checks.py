import io

from rich.console import Console

from codehost.checking.judging import UNSURE_ADVICE, Outcome, judge
from codehost.checking.report import CheckReport
from codehost.model.codehosts import Mirror
from codehost.model.errors import FACTS, Reason
from codehost.terminal.checks import print_report
from tests.checking.values import CREDENTIALS, PLAIN, UNVERIFIED, URL, failed, found, mirror

HOSTILE = "[bold]x[/bold] :bug: \x1b[2J\nforged"
HARMLESS = r"[bold]x[/bold] :bug: \x1b[2J\nforged"


def lines(mirrors: list[Mirror], outcomes: list[Outcome | None], *, paused: bool = False) -> list[str]:
    report = CheckReport(
        code_host="host", project="six", mirrors=judge(mirrors, outcomes), paused=paused, requests_sent=3
    )
    output = io.StringIO()
    print_report(Console(file=output, width=30), report)
    return output.getvalue().splitlines()


def test_mirrors_that_are_well() -> None:
    base = "https://mirror.example.com"
    mirrors = [mirror(base), mirror(PLAIN, credentials=CREDENTIALS), mirror(URL, enabled=False)]
    assert lines(mirrors, [found(), found(PLAIN), None]) == [
        (
            f"well     {base}: TLS verified, no credentials, 12 ms, JSON API, simple root {URL} (as written),"
            " has six in 2 versions"
        ),
        (
            f"well     {PLAIN}: plain http, credentials accepted, 12 ms, JSON API, simple root {PLAIN} (as written),"
            " has six in 2 versions"
        ),
        "         warning: the credentials go over plain http, where anyone on the way can read them: use https",
        f"off      {URL}: disabled",
        "host: 2 of 2 mirrors well, 3 requests",
    ]


def test_mirrors_that_are_not() -> None:
    outcomes = [failed(Reason.AUTH, what=f"{URL} said {HOSTILE}"), failed(Reason.NETWORK, reached=False)]
    assert lines([mirror(), mirror(tls=UNVERIFIED)], [*outcomes]) == [
        f"broken   {URL}: {URL} said {HARMLESS} (TLS verified; credentials wanted and missing; 12 ms)",
        f"         what to do: {FACTS[Reason.AUTH].advice}",
        f"broken   {URL}: something is wrong",
        f"         what to do: {FACTS[Reason.NETWORK].advice}",
        (
            "         warning: verifyTLS is false, so anyone on the way can pose as this mirror:"
            " give its authority with caBundle"
        ),
        "host: 0 of 2 mirrors well, 3 requests",
    ]


def test_a_paused_code_host() -> None:
    assert lines([mirror()], [None], paused=True) == [
        f"unasked  {URL}",
        "Nobody was asked: rateLimit.requestsPerHour is 0, which pauses the code host.",
        "host: 1 mirror not asked, 3 requests",
    ]


def test_a_mirror_that_may_be_none() -> None:
    assert lines([mirror()], [found(None, confirmed=False)]) == [
        (
            f"unsure   {URL}: nothing there shows that it is a simple API"
            " (TLS verified, no credentials, 12 ms, has six in 2 versions)"
        ),
        f"         what to do: {UNSURE_ADVICE}",
        "host: 0 of 1 mirrors well, 3 requests",
    ]


def test_no_mirror_at_all() -> None:
    assert lines([mirror(enabled=False)], [None])[1] == "No mirror is enabled: a sync would find nothing."
