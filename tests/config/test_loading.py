import json
from typing import Any

import pytest

from codehost.config.loading import load
from codehost.config.surroundings import PLACEHOLDER, ThisMachine
from codehost.model.codehosts import CodeHostConfig, Credentials, Header, IndexStrategy, Mirror, Proxy, RateLimit
from codehost.model.members import Limits
from codehost.model.pins import parse_pin

FULL = """\ufeff// The code host of the example organisation.
{
  "urls": [
    "https://user:p%40ss@nexus.example.com/repository/pypi/simple/", // private first
    "https://pypi.org/simple", /* then public, */
  ],
  "dependencies": [
    // numbers
    "Numpy == 1.22.3", "six==1.16.0", /* none, */
  ],
  "rateLimit": {"requestsPerHour": 3600.9,},
  "limits": {"memberBytes": 1048576},
  "repositoryPathPattern": "third-party/{project}/{version}",
}
// the end"""

# Each line of the document is one mistake, or none: (pointer, line, column, text, problem, hint).
MISTAKEN = """{
  "urls": [
    "pypi.org/simple",
    "https://user:secret@nexus.example.com:x/simple",
    "https://pypi.org/simple"
  ],
  "dependencies": [
    "six==1.16.0",
    "numpy>=1.0",
    "numpy",
    "numpy==1.*", // comment
    "numpy[x]==1",
    "numpy==1.0; python_version>\\"3\\"",
    "six==1.16.0",
    /* c */ "Six == 1.16", 5,
    "a==1..0",
  ],
  "rateLimit": {"requestPerHour": 5},
  "limits": {"members": 0},
  "dependencys": [],
  "repositoryPathPattern": "{project}",
  "limits": {"members": 0},
}"""
PIN_ONE = "pin one version: numpy==1.2.3"
MISTAKES = [
    ("/urls/0", 3, 5, '"pypi.org/simple"', "has no scheme", "write https://pypi.org/simple"),
    (
        "/urls/1",
        4,
        5,
        '"https://***@nexus.example.com:x/simple"',
        "has a port that is no number from 1 to 65535",
        "check what follows the colon; in a password write / as %2F, : as %3A",
    ),
    ("/dependencies/1", 9, 5, '"numpy>=1.0"', "is a range (>=), not a pin", PIN_ONE),
    ("/dependencies/2", 10, 5, '"numpy"', "has no version", PIN_ONE),
    ("/dependencies/3", 11, 5, '"numpy==1.*"', "is a wildcard", PIN_ONE),
    (
        "/dependencies/4",
        12,
        5,
        '"numpy[x]==1"',
        "has extras, which do not change the source",
        "drop them: numpy==1",
    ),
    (
        "/dependencies/5",
        13,
        5,
        '"numpy==1.0; python_version>\\"3\\""',
        "has an environment marker",
        "drop the marker: numpy==1.0",
    ),
    ("/dependencies/6", 14, 5, '"six==1.16.0"', "is pinned already on line 8", "keep one of the two"),
    (
        "/dependencies/7",
        15,
        13,
        '"Six == 1.16"',
        "names the same release as six==1.16.0 on line 8",
        "keep one of the two",
    ),
    ("/dependencies/8", 15, 28, "5", "is a number, not a string", "write a string"),
    (
        "/dependencies/9",
        16,
        5,
        '"a==1..0"',
        "has the version '1..0', which PEP 440 does not allow",
        "write a version such as 1.4.2",
    ),
    (
        "/rateLimit/requestPerHour",
        18,
        17,
        '"requestPerHour"',
        "is an unknown key",
        'did you mean "requestsPerHour"?',
    ),
    ("/dependencys", 20, 3, '"dependencys"', "is an unknown key", 'did you mean "dependencies"?'),
    (
        "/repositoryPathPattern",
        21,
        28,
        '"{project}"',
        "lacks {version}",
        "write for example python/{project}/{version}",
    ),
    ("/limits", 22, 3, '"limits"', "is a key that line 19 has already", "keep one of the two"),
    ("/limits/members", 22, 25, "0", "is less than 1", "write 1 or more"),
]

ALONE = [
    (b"", "line 1, column 1: the document is empty; write at least "),
    (b"\n// nothing\n", "line 1, column 1: the document is empty; write at least "),
    (b'{"urls": [}', "line 1, column 11: } stands where a value should; "),
    (b'{\n  "urls": ["a"\n', "line 2, column 15: the document ends too early; "),
    ('{"urls": []}'.encode("utf-16"), "line 1, column 1: the document is in UTF-16, not UTF-8; save the file as UTF-8"),
    (b'{"urls":\n ["\xe9"]}', r"line 2, column 4: \xe9 is not UTF-8; save the file as UTF-8"),
    (b"[]", "line 1, column 1: [] is a list, not an object; write for example {"),
    (b" {}", 'line 1, column 2: the document lacks the key "urls"; add "urls": ["https://pypi.org/simple"]'),
    (b'{"urls": [], "urls": []}', 'line 1, column 14: /urls: "urls" is a key that line 1 has already; '),
    (b'{"urls": "https://u:secret@host"}', 'line 1, column 10: /urls: "https://***@host" is a string, not a list; '),
    (b'{"urls": [NaN]}', "line 1, column 11: NaN is no number in JSON; "),
]

SECRETS = [
    {"urls": "https://user:secret@host/simple"},
    {"urls": ["user:secret@host/simple"]},
    {"urls": ["//user:secret@host/simple"]},
    {"urls": ["ftp://user:secret@host/simple"]},
    {"urls": ["https:/user:secret@host/simple"]},
    {"urls": ["https://user:secret@host:port/simple"]},
    {"urls": ["https://user:secret/more@host/simple"]},
    {"urls": ["https://user:12/secret@host/simple"]},
    {"urls": ["https://user:more@secret@ho st/simple"]},
    {"urls": ["https://host/simple?token=secret"]},
    {"urls": [["https://user:secret@host/simple"]]},
    {"urls": [], "https://user:secret@host/simple": 1},
    {"urls": [], "dependencies": ["a @ git+https://user:secret@host/a", "-i https://user:secret@host/"]},
    {"urls": [], "dependencies": "https://user:secret@host/a"},
    {"urls": [], "repositoryPathPattern": "https://user:secret@host/a"},
    {"urls": [], "rateLimit": "https://user:secret@host/a"},
]


def test_a_full_document() -> None:
    loaded = load(FULL.encode())
    assert loaded.violations == ()
    assert loaded.text == FULL.removeprefix("\ufeff")
    assert loaded.config == CodeHostConfig(
        mirrors=(
            Mirror(
                url="https://nexus.example.com/repository/pypi/simple",
                position=0,
                credentials=Credentials(username="user", password="p@ss"),
            ),
            Mirror(url="https://pypi.org/simple", position=1),
        ),
        pins=(parse_pin("numpy==1.22.3"), parse_pin("six==1.16.0")),
        rate_limit=RateLimit(requests_per_hour=3600),
        limits=Limits(member_bytes=1 << 20),
        repository_pattern="third-party/{project}/{version}",
    )


@pytest.mark.parametrize(
    "members", [{}, {"dependencies": None}, {"dependencies": []}, {"rateLimit": {}}, {"limits": {}}]
)
def test_what_is_missing_has_its_default(members: dict[str, Any]) -> None:
    loaded = load(json.dumps({"urls": ["https://pypi.org/simple"], **members}).encode())
    assert loaded.config == CodeHostConfig(mirrors=(Mirror(url="https://pypi.org/simple"),), pins=())


def test_no_limit_is_no_number() -> None:
    loaded = load(b'{"urls": [], "rateLimit": {"enabled": false}}')
    assert loaded.config
    assert loaded.config.rate_limit == RateLimit(requests_per_hour=None)


def test_every_mistake_is_told_in_order_with_its_place() -> None:
    loaded = load(MISTAKEN.encode())
    assert loaded.config is None
    told = [(one.pointer, one.line, one.column, one.text, one.problem, one.hint) for one in loaded.violations]
    assert told == MISTAKES


@pytest.mark.parametrize(("data", "sentence"), ALONE)
def test_a_mistake_in_a_sentence(data: bytes, sentence: str) -> None:
    loaded = load(data)
    assert loaded.config is None
    [found] = loaded.violations
    assert str(found).startswith(sentence)
    assert found.hint


@pytest.mark.parametrize("document", SECRETS)
@pytest.mark.parametrize("broken", ["", "}", "//"])
def test_no_secret_is_ever_shown(document: dict[str, Any], broken: str) -> None:
    text = json.dumps(document)
    for form in (text, text.replace("@", "\\u0040"), text.replace(", ", " ", 1)):
        loaded = load((form + broken).encode())
        assert loaded.violations
        assert "secret" not in repr(loaded)
        assert "secret" not in "".join(map(str, loaded.violations))


def test_nothing_unprintable_is_shown() -> None:
    loaded = load(rb'{"urls": ["\u001b[2J\u202e\ud800"], "dependencies": ["\u001b", "a==\ud800"], "\u001b": 1}')
    assert len(loaded.violations) == 4
    assert all(str(found).isprintable() for found in loaded.violations)


def test_a_hundred_thousand_pins_load() -> None:
    pins = [f"project-{number}==1.{number % 100}.{number % 7}" for number in range(100_000)]
    loaded = _loaded({"urls": ["https://pypi.org/simple"], "dependencies": pins})
    assert loaded.config
    assert len(loaded.config.pins) == 100_000


def test_a_hundred_thousand_mistakes_are_all_told() -> None:
    pins = [f"project-{number}>=1.{number % 100}" for number in range(100_000)]
    loaded = _loaded({"urls": ["https://pypi.org/simple"], "dependencies": pins})
    assert len(loaded.violations) == 100_000
    assert loaded.violations[-1].pointer == "/dependencies/99999"


def _loaded(document: dict[str, Any]) -> Any:
    return load(json.dumps(document, indent=2).encode())


OBJECTS = """{
  "indexStrategy": "first-index",
  "proxy": "http://proxy:3128",
  "urls": [
    "https://pypi.org",
    {
      "url": "https://nexus.example.com/repository/pypi-all/",
      "username": "codehost", "password": {"env": "NEXUS_PASSWORD"},
    },
    { "url": "https://old.example.com", "enabled": false, "proxy": null, "bearerToken": { "file": "/nowhere" } },
  ],
}"""


def test_objects_and_their_references() -> None:
    loaded = load(OBJECTS.encode(), ThisMachine(environ={"NEXUS_PASSWORD": "word"}))
    proxy = Proxy(url="http://proxy:3128")
    assert loaded.config == CodeHostConfig(
        mirrors=(
            Mirror(url="https://pypi.org", proxy=proxy),
            Mirror(
                url="https://nexus.example.com/repository/pypi-all",
                position=1,
                credentials=Credentials(username="codehost", password="word"),
                proxy=proxy,
            ),
            Mirror(
                url="https://old.example.com",
                position=2,
                enabled=False,
                headers=(Header(name="Authorization", value=f"Bearer {PLACEHOLDER}"),),
            ),
        ),
        pins=(),
        index_strategy=IndexStrategy.FIRST_INDEX,
    )
    assert loaded.storable == OBJECTS.replace('"codehost"', '"REDACTED"')


def test_a_reference_that_leads_nowhere_has_its_place() -> None:
    loaded = load(OBJECTS.encode(), ThisMachine(environ={}))
    [found] = loaded.violations
    assert str(found) == (
        'line 8, column 43: /urls/1/password: {"env": "NEXUS_PASSWORD"} names the environment variable NEXUS_PASSWORD, '
        "which is not set; set it for this program, or name another"
    )


def test_without_surroundings_nothing_is_looked_up() -> None:
    loaded = load(OBJECTS.encode())
    assert loaded.config
    assert loaded.config.mirrors[1].credentials == Credentials(username="codehost", password=PLACEHOLDER)


def test_a_stored_document_wants_its_secrets_again() -> None:
    stored = load(OBJECTS.encode()).storable
    [found] = load(stored.encode()).violations
    assert found.without_place == (
        '/urls/1/username: "REDACTED" is what stored documents show in place of a secret; write the secret again'
    )


REDACTED_URLS = [
    ('{"urls": ["https://REDACTED@a/simple"]}', "/urls/0", "has REDACTED, which stored documents show"),
    ('{"urls": [{"url": "https://REDACTED@a/simple"}]}', "/urls/0/url", "has REDACTED, which stored documents show"),
    ('{"urls": ["https://a"], "proxy": "http://REDACTED@p:1"}', "/proxy", "has REDACTED, which stored documents show"),
    ('{"urls": ["https://REDACTED:x@a"]}', "/urls/0", "has user information of which one half is REDACTED"),
    ('{"urls": ["https://x:REDACTED@a"]}', "/urls/0", "has user information of which one half is REDACTED"),
]


@pytest.mark.parametrize(("text", "pointer", "problem"), REDACTED_URLS)
def test_a_url_as_it_is_shown_wants_its_secret_again(text: str, pointer: str, problem: str) -> None:
    [found] = load(text.encode()).violations
    assert found.pointer == pointer
    assert found.problem.startswith(problem)


@pytest.mark.parametrize("written", [r"https://bob:pa'ss@host/simple", r"https:\u002f\u002fbob:pa%27ss@host/simple"])
def test_what_may_be_stored_has_no_password(written: str) -> None:
    text = f'{{ // two\n"urls": ["https://first/simple", "{written}"], // kept\n}}'
    loaded = load(text.encode())
    assert loaded.storable == '{ // two\n"urls": ["https://first/simple", "https://host/simple"], // kept\n}'
    assert loaded.text == text
