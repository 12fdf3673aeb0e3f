import io
from dataclasses import replace

import pytest
from rich.console import Console

from codehost.model.errors import FACTS, Failure, Reason
from codehost.model.pins import Pin, parse_pin
from codehost.model.releases import Resolution
from codehost.preview.estimate import Estimate
from codehost.preview.intent import Action, Clash, Intent, Step
from codehost.preview.outcome import Preview
from codehost.terminal.previews import print_preview
from tests.preview.values import MIRROR, resolution

SIX, ATTRS, IDNA = (parse_pin(text) for text in ("six==1.0", "attrs==1", "idna==2"))
INTENT = Intent(
    steps=(
        Step(pin=SIX, action=Action.ADD, repository="python/six/1.0"),
        Step(pin=ATTRS, action=Action.RETRY, repository="python/attrs/1"),
        Step(pin=IDNA, action=Action.RESTORE, repository="python/idna/2", due=False),
    ),
    unchanged=6,
    retire=("python/old/1",),
)
PREVIEW = Preview(
    code_host="host",
    known=True,
    wanted=9,
    requests_per_hour=100,
    intent=INTENT,
    answers=None,
    estimate=Estimate(pages=2, files=2, seconds=0.0),
)
AT_ONCE = "a limit of 100 requests an hour allows that at once"
HOSTILE = "[bold]x[/bold] :bug: \x1b[2J\nforged"
HARMLESS = r"[bold]x[/bold] :bug: \x1b[2J\nforged"


def lines(preview: Preview) -> list[str]:
    output = io.StringIO()
    print_preview(Console(file=output, width=30), preview)
    return output.getvalue().splitlines()


def test_a_preview_that_asked_nobody() -> None:
    assert lines(PREVIEW) == [
        "add      six==1.0 -> python/six/1.0",
        "retry    attrs==1 -> python/attrs/1",
        "restore  idna==2 -> python/idna/2",
        "retire   python/old/1 (a sync keeps it; with --prune it removes it)",
        "host: 1 to add, 1 to retry, 1 to restore, 1 to retire, 6 unchanged",
        f"A sync would send about 4 requests (2 pages, 2 files); {AT_ONCE}.",
        "This preview sent 0 requests.",
    ]


def test_a_preview_that_asked() -> None:
    failure = Failure(Reason.NOT_FOUND, f"no mirror has attrs==1 ({HOSTILE})", mirror=MIRROR)
    answers: dict[Pin, Resolution | Failure] = {SIX: resolution(SIX, yanked="broken"), ATTRS: failure}
    shown = lines(replace(PREVIEW, answers=answers, known=False, requests_sent=3, requests_left=97))
    facts = FACTS[Reason.NOT_FOUND]
    assert shown == [
        f"add      six==1.0: six-1.0.tar.gz from {MIRROR} (the only sdist, yanked)",
        "restore  idna==2 -> python/idna/2",
        f"not-found (1): {facts.advice} (Who can act: the {facts.who}.)",
        f"  attrs==1: no mirror has attrs==1 ({HARMLESS}) (mirror {MIRROR})",
        "retire   python/old/1 (a sync keeps it; with --prune it removes it)",
        ("host (never synced): 1 to add, 1 to retry, 1 to restore, 1 to retire, 6 unchanged, 1 would not be found"),
        f"A sync would send about 4 requests (2 pages, 2 files); {AT_ONCE}.",
        "This preview sent 3 requests (97 left this hour).",
    ]


def test_names_that_clash() -> None:
    intent = Intent(steps=(), unchanged=0, clashes=(Clash(repository="python/six/1", owner=HOSTILE),))
    first = lines(replace(PREVIEW, intent=intent))[0]
    assert first.startswith("python/six/1: the code host '[bold]x[/bold] :bug: ")
    assert first.endswith("or give the name of that code host with --name.")
    assert "\x1b" not in first


@pytest.mark.parametrize(
    ("per_hour", "seconds", "end"),
    [
        (None, None, "; there is no limit on requests."),
        (0, None, " once the code host is no longer paused."),
        (7, 3725.0, "; at 7 requests an hour that takes at least 1 h 2 min."),
        (7, 65.0, "; at 7 requests an hour that takes at least 1 min 5 s."),
    ],
)
def test_how_long_a_sync_takes(per_hour: int | None, seconds: float | None, end: str) -> None:
    estimate = Estimate(pages=2, files=2, seconds=seconds)
    shown = lines(replace(PREVIEW, requests_per_hour=per_hour, estimate=estimate))
    assert shown[-2] == f"A sync would send about 4 requests (2 pages, 2 files){end}"
    assert shown[0].startswith("Nobody is asked: ") == (per_hour == 0)


@pytest.mark.parametrize(
    ("pages", "files", "line"),
    [
        (1, 0, "A sync would send about 1 request (1 page); a limit of 1 request an hour allows that at once."),
        (
            1,
            1,
            "A sync would send about 2 requests (1 page, 1 file); a limit of 1 request an hour allows that at once.",
        ),
        (0, 0, "A sync would send no request."),
    ],
)
def test_one_of_a_kind_and_none(pages: int, files: int, line: str) -> None:
    estimate = Estimate(pages=pages, files=files, seconds=0.0)
    nothing = Intent(steps=(), unchanged=0)
    made = replace(PREVIEW, intent=nothing, known=False, requests_per_hour=1, estimate=estimate, requests_sent=1)
    assert lines(made) == ["host (never synced): nothing to do", line, "This preview sent 1 request."]
