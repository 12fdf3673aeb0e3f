import json

from codehost.checking.judging import UNSURE_ADVICE, judge
from codehost.checking.report import CheckReport, report_to_json
from codehost.model.errors import FACTS, Reason
from tests.checking.values import CREDENTIALS, PLAIN, URL, failed, found, mirror

MIRRORS = judge(
    [mirror(), mirror(PLAIN, credentials=CREDENTIALS), mirror(enabled=False)], [found(), failed(Reason.AUTH), None]
)


def test_what_is_well() -> None:
    assert not CheckReport(code_host="host", project="six", mirrors=MIRRORS).well
    assert CheckReport(code_host="host", project="six", mirrors=(MIRRORS[0], MIRRORS[2])).well
    unasked = judge([mirror()], [None])
    assert not CheckReport(code_host="host", project="six", mirrors=unasked).well
    assert CheckReport(code_host="host", project="six", mirrors=unasked, paused=True).well
    for none_enabled in ((), (MIRRORS[2],)):
        for paused in (False, True):
            assert not CheckReport(code_host="host", project="six", mirrors=none_enabled, paused=paused).well


def test_json_of_a_mirror_that_may_be_none() -> None:
    report = CheckReport(
        code_host="host", project="six", mirrors=judge([mirror()], [found(None, confirmed=False)]), requests_sent=2
    )
    made = report_to_json(report)
    mirrors = made["mirrors"]
    assert isinstance(mirrors, list)
    (only,) = mirrors
    assert (made["well"], only["well"], only["reached"], only["reason"]) == (False, False, True, None)
    assert (only["message"], only["hint"]) == ("has six in 2 versions", UNSURE_ADVICE)


def test_json() -> None:
    report = CheckReport(code_host="host", project="six", mirrors=MIRRORS, requests_sent=2, requests_left=98)
    made = json.loads(json.dumps(report_to_json(report)))
    first, second, third = made.pop("mirrors")
    assert made == {
        "codeHost": "host",
        "project": "six",
        "paused": False,
        "well": False,
        "requests": {"sent": 2, "left": 98},
    }
    assert first == {
        "url": URL,
        "enabled": True,
        "well": True,
        "reached": True,
        "tls": "verified",
        "credentials": "none",
        "api": "JSON",
        "root": URL,
        "rootFrom": "written",
        "confirmed": True,
        "said": "has six in 2 versions",
        "redirectedTo": None,
        "milliseconds": 12.3,
        "reason": None,
        "message": None,
        "hint": None,
        "warnings": [],
    }
    assert (second["tls"], second["credentials"], second["reason"]) == ("plain-http", "refused", "auth")
    assert (second["message"], second["hint"]) == ("something is wrong", FACTS[Reason.AUTH].advice)
    assert len(second["warnings"]) == 1
    assert (third["enabled"], third["well"], third["reached"], third["milliseconds"]) == (False, True, None, None)
    assert third.keys() == second.keys() == first.keys()
