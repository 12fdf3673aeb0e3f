from codehost.config.pins import read_pins
from codehost.config.violations import Finding
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN, parse_pin


def test_pins_keep_their_order_and_strangers_are_passed_over() -> None:
    pins, findings = read_pins(["b==1", None, "a==2", 3], DEFAULT_REPOSITORY_PATTERN)
    assert pins == (parse_pin("b==1"), parse_pin("a==2"))
    assert findings == []


def test_a_repeated_release_points_at_the_first() -> None:
    pins, findings = read_pins(["a==1.0", "A==1", "a==1.0", "b==1"], DEFAULT_REPOSITORY_PATTERN)
    assert [str(pin) for pin in pins] == ["a==1.0", "b==1"]
    assert findings == [
        Finding(
            path=("dependencies", 1),
            problem="names the same release as a==1.0",
            hint="keep one of the two",
            first=("dependencies", 0),
        ),
        Finding(
            path=("dependencies", 2),
            problem="is pinned already",
            hint="keep one of the two",
            first=("dependencies", 0),
        ),
    ]


def test_a_name_too_long_for_a_file_system_is_found() -> None:
    _, findings = read_pins(["a" * 300 + "==1"], DEFAULT_REPOSITORY_PATTERN)
    assert [finding.problem for finding in findings] == [
        "makes a repository name with a part of more than 200 characters"
    ]
