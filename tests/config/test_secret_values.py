import pytest

from codehost.config.secret_values import (
    Rule,
    any_text,
    bearer_token,
    header_value,
    password,
    path_problem,
    read_secret,
    user_name,
)
from codehost.config.surroundings import SurroundingsError, ThisMachine
from tests.config.inspecting import inspection, told

ENVIRONMENT = {"GOOD": "value", "COLON": "hid:den", "LINE": "hidden\n"}

READ = [
    ("literal", "literal"),
    ("ü \t", "ü \t"),
    ({"env": "GOOD"}, "value"),
]

# What the contract reports is passed over here.
PASSED_OVER: list[object] = [None, 5, [], {}, {"env": 5}, {"environ": "GOOD"}, {"env": "GOOD", "file": "/a"}]

REFUSED = [
    ("", 'is empty; write {"env": "NAME"}, {"file": "/absolute/path"} or the secret itself, or remove the key'),
    ("REDACTED", "is what stored documents show in place of a secret; write the secret again"),
    ("\ud800", r"has half a character; write both halves of a \u escape, or the character itself"),
    ({"env": "MISSING"}, "names the environment variable MISSING, which is not set; set it for this program, or"),
    (
        {"env": "$hidden"},
        "names an environment variable that cannot exist; a name has letters, digits and _; write no $",
    ),
    ({"env": ""}, "names an environment variable that cannot exist; "),
    ({"env": "a b"}, "names an environment variable that cannot exist; "),
    ({"file": "hidden"}, "names a file by what is no absolute path; write the path from the root"),
    ({"file": "~/hidden"}, "names a file by what is no absolute path; write the path from the root"),
    ({"file": "/hid\0den"}, "names a file by what is a path with a character that cannot be shown; give the file"),
    ({"file": "/nowhere/secret"}, "names the file /nowhere/secret, which does not exist; check the path"),
]

RULES: list[tuple[Rule, str, str | None]] = [
    (user_name, "bob@example.com", None),
    (user_name, "a:b", "has a colon"),
    (user_name, "a\n", "has a line break or control character"),
    (password, "a:b c", None),
    (password, "a\x7f", "has a line break or control character"),
    (bearer_token, "abc.DEF-1_2~3+4/5==", None),
    (bearer_token, "a b", "has a space, a line break or a character outside ASCII"),
    (bearer_token, "ü", "has a space, a line break or a character outside ASCII"),
    (bearer_token, "bearer abc", "starts with the word Bearer"),
    (header_value, "a\tb ü", None),
    (header_value, "a\r\nX: b", "has a line break or control character"),
    (header_value, "a ", "begins or ends with a space"),
    (any_text, "\x01 ", None),
]


@pytest.mark.parametrize(("value", "secret"), READ)
def test_a_secret_is_read(value: object, secret: str) -> None:
    at = inspection(ThisMachine(environ=ENVIRONMENT))
    assert read_secret(value, at, any_text) == secret
    assert told(at) == []


@pytest.mark.parametrize("value", PASSED_OVER)
def test_what_is_none_is_passed_over(value: object) -> None:
    at = inspection(ThisMachine(environ=ENVIRONMENT))
    assert read_secret(value, at, any_text) is None
    assert told(at) == []


@pytest.mark.parametrize(("value", "sentence"), REFUSED)
def test_what_cannot_be_one_is_explained(value: object, sentence: str) -> None:
    at = inspection(ThisMachine(environ=ENVIRONMENT))
    assert read_secret(value, at, any_text) is None
    [found] = told(at)
    assert found.startswith(sentence)
    assert "hid" not in found


@pytest.mark.parametrize(("rule", "secret", "problem"), RULES)
def test_rules(rule: Rule, secret: str, problem: str | None) -> None:
    complaint = rule(secret)
    assert (complaint[0] if complaint else None) == problem


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "COLON",
            "names the environment variable COLON, whose value has a colon; basic authentication carries none in",
        ),
        ("LINE", "names the environment variable LINE, whose value has a line break or control character; remove it"),
    ],
)
def test_a_rule_speaks_of_the_value_and_does_not_tell_it(name: str, sentence: str) -> None:
    at = inspection(ThisMachine(environ=ENVIRONMENT))
    assert read_secret({"env": name}, at, user_name) is None
    [found] = told(at)
    assert found.startswith(sentence)


@pytest.mark.parametrize(
    ("path", "good"),
    [("/a", True), ("/a b/ü", True), ("", False), ("a", False), ("./a", False), ("/a\n", False), ("/\ud800", False)],
)
def test_paths(path: str, good: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (path_problem(path) is None) == good


def test_an_error_reads_as_a_sentence() -> None:
    assert str(SurroundingsError("is missing", "add it")) == "is missing; add it"
