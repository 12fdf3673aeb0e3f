import json
from typing import Any

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.pins import parse_pin
from codehost.preview.estimate import Estimate
from codehost.preview.intent import Action, Clash, Intent, Step
from codehost.preview.outcome import Preview, preview_to_json
from tests.preview.values import MIRROR, resolution

SIX, ATTRS, IDNA = (parse_pin(text) for text in ("six==1.0", "attrs==1", "idna==2"))
STEPS = (
    Step(pin=SIX, action=Action.ADD, repository="python/six/1.0"),
    Step(pin=ATTRS, action=Action.RETRY, repository="python/attrs/1"),
    Step(pin=IDNA, action=Action.RESTORE, repository="python/idna/2", due=False),
)
FAILURE = Failure(Reason.AUTH, "the mirror refused", mirror=MIRROR)


def preview(*, asked: bool, clashes: tuple[Clash, ...] = (), per_hour: int | None = 100) -> Preview:
    return Preview(
        code_host="host",
        known=True,
        wanted=9,
        requests_per_hour=per_hour,
        intent=Intent(steps=STEPS, unchanged=6, retire=("python/old/1",), clashes=clashes),
        answers={SIX: resolution(SIX, yanked=""), ATTRS: FAILURE} if asked else None,
        estimate=Estimate(pages=2, files=1, seconds=None if per_hour is None else 0.12345),
        requests_sent=2 if asked else 0,
        requests_left=98 if asked else None,
    )


def test_what_is_well() -> None:
    assert preview(asked=False).well
    assert preview(asked=True).lacking == ((ATTRS, FAILURE),)
    assert not preview(asked=True).well
    assert not preview(asked=False, clashes=(Clash(repository="a", owner="b"),)).well
    assert preview(asked=False, per_hour=0).paused
    assert not preview(asked=False, per_hour=None).paused


def test_json_of_a_preview_that_asked() -> None:
    made = json.loads(json.dumps(preview_to_json(preview(asked=True))))
    pins = made.pop("pins")
    assert made == {
        "codeHost": "host",
        "known": True,
        "paused": False,
        "asked": True,
        "well": False,
        "counts": {
            "wanted": 9,
            "unchanged": 6,
            "add": 1,
            "retry": 1,
            "restore": 1,
            "retire": 1,
            "found": 1,
            "lacking": 1,
        },
        "sync": {"pages": 2, "files": 1, "requests": 3, "requestsPerHour": 100, "seconds": 0.123},
        "requests": {"sent": 2, "left": 98},
        "retire": ["python/old/1"],
        "clashes": [],
    }
    nothing = dict.fromkeys(("mirror", "page", "file", "url", "size", "yanked", "why", "reason", "message"))
    page = f"{MIRROR}/six/"
    assert pins == [
        {
            "pin": "six==1.0",
            "action": "add",
            "repository": "python/six/1.0",
            "due": True,
            "mirror": MIRROR,
            "page": page,
            "file": "six-1.0.tar.gz",
            "url": "https://files.example.com/six-1.0.tar.gz",
            "size": 10,
            "yanked": "",
            "why": "the only sdist",
            "reason": None,
            "message": None,
            "asked": [{"mirror": MIRROR, "page": page, "said": "has six-1.0.tar.gz"}],
        },
        {
            **nothing,
            "pin": "attrs==1",
            "action": "retry",
            "repository": "python/attrs/1",
            "due": True,
            "mirror": MIRROR,
            "reason": "auth",
            "message": f"the mirror refused (mirror {MIRROR})",
            "asked": [],
        },
        {**nothing, "pin": "idna==2", "action": "restore", "repository": "python/idna/2", "due": False, "asked": []},
    ]


def test_json_of_a_preview_that_asked_nobody() -> None:
    made = preview_to_json(
        preview(asked=False, clashes=(Clash(repository="python/six/1.0", owner="other"),), per_hour=None)
    )
    assert (made["asked"], made["well"]) == (False, False)
    assert made["clashes"] == [{"repository": "python/six/1.0", "owner": "other"}]
    assert made["requests"] == {"sent": 0, "left": None}
    assert made["sync"] == {"pages": 2, "files": 1, "requests": 3, "requestsPerHour": None, "seconds": None}


@pytest.mark.parametrize(("most", "left_out"), [(0, 5), (1, 2), (2, 1), (3, 0), (9, 0)])
def test_json_with_bounded_lists(most: int, left_out: int) -> None:
    shown = preview(asked=False, clashes=(Clash(repository="python/six/1.0", owner="other"),))
    whole: dict[str, Any] = preview_to_json(shown)
    lists = {key: whole[key][:most] for key in ("pins", "retire", "clashes")}
    assert preview_to_json(shown, most) == {**whole, **lists, "leftOut": left_out}
