from codehost.model.codehosts import CodeHostConfig
from codehost.model.jobs import JobState
from codehost.model.pins import parse_pin
from codehost.model.records import RecordedRelease
from codehost.preview.intent import Action, Clash, clashing, intend


def config(*pins: str) -> CodeHostConfig:
    return CodeHostConfig(mirrors=(), pins=tuple(parse_pin(pin) for pin in pins))


def recorded(pin: str, state: JobState = JobState.COMPLETED, *, wanted: bool = True) -> RecordedRelease:
    project, version = pin.split("==")
    return RecordedRelease(1, project, version, f"python/{project}/{version}.0", state, wanted)


def test_without_a_record_everything_is_new() -> None:
    intent = intend(config("six==1.0", "attrs==2", "six==2"))
    assert [(str(step.pin), step.action, step.repository, step.due) for step in intent.steps] == [
        ("six==1.0", Action.ADD, "python/six/1.0", True),
        ("six==2", Action.ADD, "python/six/2", True),
        ("attrs==2", Action.ADD, "python/attrs/2", True),
    ]
    assert (intent.unchanged, intent.retire, intent.clashes) == (0, (), ())
    assert [str(pin) for pin in intent.due] == ["six==1.0", "six==2", "attrs==2"]


def test_what_is_recorded() -> None:
    known = [
        recorded("kept==1"),
        recorded("failed==1", JobState.FAILED),
        recorded("gone==1"),
        recorded("back==1", wanted=False),
        recorded("lost==1", wanted=False),
        recorded("undone==1", JobState.CANCELLED, wanted=False),
    ]
    pinned = config("kept==1", "failed==1.0", "back==1", "lost==1", "undone==1", "new==1")
    intent = intend(pinned, known, exists=lambda name: name != "python/lost/1.0")
    assert [(str(step.pin), step.action, step.repository, step.due) for step in intent.steps] == [
        ("new==1", Action.ADD, "python/new/1", True),
        ("failed==1.0", Action.RETRY, "python/failed/1.0", True),
        ("back==1", Action.RESTORE, "python/back/1.0", False),
        ("lost==1", Action.RESTORE, "python/lost/1.0", True),
        ("undone==1", Action.RESTORE, "python/undone/1.0", True),
    ]
    assert (intent.unchanged, intent.retire) == (1, ("python/gone/1.0",))
    assert [intent.count(action) for action in Action] == [1, 1, 3]


def test_a_name_that_another_code_host_has() -> None:
    owners = {"python/six/1.0": "other", "python/attrs/1.0": "host"}
    intent = intend(config("six==1.0", "attrs==1.0", "idna==1"), [recorded("attrs==1")])
    assert list(intent.added) == ["python/six/1.0", "python/idna/1"]
    assert clashing(intent, owners).clashes == (Clash(repository="python/six/1.0", owner="other"),)
