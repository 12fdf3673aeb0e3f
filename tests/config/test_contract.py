import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Any

import pytest
from jsonschema import Draft7Validator

from codehost.config.contract import SCHEMA_NAME, check, schema
from codehost.config.loading import load
from codehost.config.secrecy import HEADERS, PUBLIC_KEYS, REFERENCES, SECRET_KEYS
from codehost.config.settings import limits_of
from codehost.config.violations import Path
from codehost.model.codehosts import DEFAULT_REQUESTS_PER_HOUR
from codehost.model.members import Limits
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN

ROOT = FilePath(__file__).parents[2]
URLS = ["https://pypi.org/simple"]
URL = {"url": "https://pypi.org"}

# The form that documents had in Sourcegraph, reduced to what decides validity.
PREDECESSOR = {
    "type": "object",
    "additionalProperties": False,
    "required": ["urls"],
    "properties": {
        "urls": {"type": "array", "items": {"type": "string"}},
        "dependencies": {"type": "array", "items": {"type": "string"}},
        "rateLimit": {
            "type": "object",
            "required": ["enabled", "requestsPerHour"],
            "properties": {"enabled": {"type": "boolean"}, "requestsPerHour": {"type": "number", "minimum": 0}},
        },
    },
}

VALID_BEFORE: list[dict[str, Any]] = [
    {"urls": []},
    {"urls": URLS},
    {"urls": ["", "anything"]},
    {"urls": [*URLS, *URLS]},
    {"urls": URLS, "dependencies": []},
    {"urls": URLS, "dependencies": ["numpy==1.22.3", "numpy==1.22.3", "anything"]},
    {"urls": URLS, "rateLimit": {"enabled": True, "requestsPerHour": 57600.0}},
    {"urls": URLS, "rateLimit": {"enabled": False, "requestsPerHour": 0}},
    {"urls": URLS, "rateLimit": {"enabled": True, "requestsPerHour": 0.5, "note": "ignored"}},
]

VALID_NOW: list[dict[str, Any]] = [
    {"urls": URLS, "dependencies": None},
    {"urls": URLS, "rateLimit": {}},
    {"urls": URLS, "rateLimit": {"enabled": False}},
    {"urls": URLS, "rateLimit": {"requestsPerHour": 100}},
    {"urls": URLS, "limits": {}},
    {"urls": URLS, "limits": {"memberBytes": 1, "fileBytes": 2.0, "unpackedBytes": 3, "members": 4}},
    {"urls": URLS, "limits": {"ratio": 1, "directories": 2.0, "nameBytes": 3}},
    {"urls": URLS, "repositoryPathPattern": "pypi/{project}-{version}"},
    {"urls": URLS, "indexStrategy": "first-index", "proxy": None},
    {"urls": URLS, "proxy": {"url": "http://proxy", "username": "a", "password": {"file": "/a"}}},
    {"urls": [URL, "https://pypi.org/simple", URL]},
    {
        "urls": [
            {
                **URL,
                "enabled": False,
                "username": {"env": "A"},
                "password": "b",
                "headers": {"X-A": "c", "X-B": {"file": "/d"}},
                "verifyTLS": False,
                "caBundle": "/e",
                "clientCertificate": "/f",
                "clientKey": "/g",
                "clientKeyPassword": "h",
                "proxy": "http://i",
                "connectTimeoutMs": 1,
                "totalTimeoutMs": 2.0,
                "allowedHosts": ["j"],
                "ignoreStatusCodes": [400, 599],
            }
        ]
    },
]

INVALID: list[tuple[Any, Path, str, str]] = [
    (None, (), "is null, not an object", "write for example {"),
    ([], (), "is a list, not an object", "write for example {"),
    ({}, (), 'lacks the key "urls"', 'add "urls": ["https://pypi.org/simple"]'),
    ({"urls": None}, ("urls",), "is null, not a list", 'write for example ["https://pypi.org/simple"]'),
    ({"urls": "a"}, ("urls",), "is a string, not a list", 'write for example ["https://pypi.org/simple"]'),
    ({"urls": ["a", 1]}, ("urls", 1), "is a number, not a string or an object", 'write for example "https://pypi.org'),
    ({"urls": [{}]}, ("urls", 0), 'lacks the key "url"', 'add "url": "https://pypi.org"'),
    ({"urls": [{"url": 1}]}, ("urls", 0, "url"), "is a number, not a string", 'write for example "https://pypi.org"'),
    ({"urls": [{**URL, "verify_tls": 1}]}, ("urls", 0, "verify_tls"), "is an unknown key", 'did you mean "verifyTLS"?'),
    ({"urls": [{**URL, "token": 1}]}, ("urls", 0, "token"), "is an unknown key", 'did you mean "bearerToken"?'),
    (
        {"urls": [{**URL, "enabled": 1}]},
        ("urls", 0, "enabled"),
        "is a number, not true or false",
        "write for example tr",
    ),
    (
        {"urls": [{**URL, "password": None}]},
        ("urls", 0, "password"),
        "is null, not a string or an object",
        'write for example {"env": "NEXUS_PASSWORD"}',
    ),
    (
        {"urls": [{**URL, "password": {}}]},
        ("urls", 0, "password"),
        "is empty",
        'write for example {"env": "NEXUS_PASSWORD"}',
    ),
    (
        {"urls": [{**URL, "password": {"env": "A", "file": "/a"}}]},
        ("urls", 0, "password"),
        "has more than one key",
        'keep only one: "env" or "file"',
    ),
    (
        {"urls": [{**URL, "password": {"environ": "A"}}]},
        ("urls", 0, "password", "environ"),
        "is an unknown key",
        'did you mean "env"?',
    ),
    (
        {"urls": [{**URL, "password": {"env": 5}}]},
        ("urls", 0, "password", "env"),
        "is a number, not a string",
        'write for example "NEXUS_PASSWORD"',
    ),
    ({"urls": [{**URL, "headers": []}]}, ("urls", 0, "headers"), "is a list, not an object", "write for example {"),
    (
        {"urls": [{**URL, "headers": {"A": 1}}]},
        ("urls", 0, "headers", "A"),
        "is a number, not a string or an object",
        "write for example {",
    ),
    (
        {"urls": [{**URL, "proxy": True}]},
        ("urls", 0, "proxy"),
        "is true or false, not a string, an object or null",
        'write for example "http://proxy.example.com:3128"',
    ),
    (
        {"urls": [{**URL, "proxy": {"username": "a"}}]},
        ("urls", 0, "proxy"),
        'lacks the key "url"',
        'add "url": "http://proxy.example.com:3128"',
    ),
    ({"urls": [{**URL, "connectTimeoutMs": 0}]}, ("urls", 0, "connectTimeoutMs"), "is less than 1", "write 1 or more"),
    (
        {"urls": [{**URL, "totalTimeoutMs": 2**31}]},
        ("urls", 0, "totalTimeoutMs"),
        "is more than 2147483647",
        "write 2147483647 or less",
    ),
    (
        {"urls": [{**URL, "totalTimeoutMs": None}]},
        ("urls", 0, "totalTimeoutMs"),
        "is null, not a whole number",
        "write for example 600000",
    ),
    ({"urls": [{**URL, "allowedHosts": "a"}]}, ("urls", 0, "allowedHosts"), "is a string, not a list", "write for "),
    (
        {"urls": [{**URL, "ignoreStatusCodes": [403, 399]}]},
        ("urls", 0, "ignoreStatusCodes", 1),
        "is less than 400",
        "write 400 or more",
    ),
    (
        {"urls": [{**URL, "ignoreStatusCodes": [600]}]},
        ("urls", 0, "ignoreStatusCodes", 0),
        "is more than 599",
        "write 599 or less",
    ),
    (
        {"urls": [], "indexStrategy": "first-indx"},
        ("indexStrategy",),
        'is not "first-match" or "first-index"',
        'did you mean "first-index"?',
    ),
    (
        {"urls": [], "indexStrategy": "unsafe"},
        ("indexStrategy",),
        'is not "first-match" or "first-index"',
        'write "first-match" or "first-index"',
    ),
    (
        {"urls": [], "indexStrategy": None},
        ("indexStrategy",),
        "is null, not a string",
        'write for example "first-match"',
    ),
    ({"urls": [], "dependencies": {}}, ("dependencies",), "is an object, not a list or null", "write for example ["),
    (
        {"urls": [], "dependencies": ["a", True]},
        ("dependencies", 1),
        "is true or false, not a string",
        "write a string",
    ),
    ({"urls": [], "dependency": []}, ("dependency",), "is an unknown key", 'did you mean "dependencies"?'),
    ({"urls": [], "ratelimit": {}}, ("ratelimit",), "is an unknown key", 'did you mean "rateLimit"?'),
    ({"urls": [], "Urls": []}, ("Urls",), "is an unknown key", 'did you mean "urls"?'),
    (
        {"urls": [], "zzz": 1},
        ("zzz",),
        "is an unknown key",
        "remove it; known here: urls, indexStrategy, proxy, dependencies,",
    ),
    ({"urls": [], "urls" * 99: 1}, ("urls" * 99,), "is an unknown key", "remove it; known here: urls,"),
    ({"urls": [], "rateLimit": True}, ("rateLimit",), "is true or false, not an object", "write for example {"),
    (
        {"urls": [], "rateLimit": {"enabled": "no"}},
        ("rateLimit", "enabled"),
        "is a string, not true or false",
        "write for example true",
    ),
    (
        {"urls": [], "rateLimit": {"requestPerHour": 1}},
        ("rateLimit", "requestPerHour"),
        "is an unknown key",
        'did you mean "requestsPerHour"?',
    ),
    (
        {"urls": [], "rateLimit": {"requestsPerHour": -1}},
        ("rateLimit", "requestsPerHour"),
        "is less than 0",
        "write 0 or more",
    ),
    (
        {"urls": [], "rateLimit": {"requestsPerHour": True}},
        ("rateLimit", "requestsPerHour"),
        "is true or false, not a number",
        "write for example 57600",
    ),
    ({"urls": [], "limits": {"members": 0}}, ("limits", "members"), "is less than 1", "write 1 or more"),
    ({"urls": [], "limits": {"members": 2**60}}, ("limits", "members"), "is more than 9007199254740991", "write 900"),
    ({"urls": [], "limits": {"fileBytes": 1.5}}, ("limits", "fileBytes"), "is a number, not a whole number", "write "),
    ({"urls": [], "limits": {"ratio": 0}}, ("limits", "ratio"), "is less than 1", "write 1 or more"),
    ({"urls": [], "limits": {"ratio": 2.5}}, ("limits", "ratio"), "is a number, not a whole number", "write "),
    ({"urls": [], "limits": {"namebyte": 1}}, ("limits", "namebyte"), "is an unknown key", 'did you mean "nameBytes"?'),
    ({"urls": [], "limits": {"member": 1}}, ("limits", "member"), "is an unknown key", 'did you mean "members"?'),
    ({"urls": [], "repositoryPathPattern": 1}, ("repositoryPathPattern",), "is a number, not a string", "write for "),
]


def test_the_schema_is_a_valid_schema() -> None:
    Draft7Validator.check_schema(schema())
    assert schema()["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema()["allowComments"] is True


@pytest.mark.parametrize("document", VALID_BEFORE)
def test_what_was_valid_before_is_valid(document: dict[str, Any]) -> None:
    Draft7Validator(PREDECESSOR).validate(document)
    Draft7Validator(schema()).validate(document)
    assert check(document) == []


@pytest.mark.parametrize("document", VALID_NOW)
def test_what_is_new_is_valid(document: dict[str, Any]) -> None:
    Draft7Validator(schema()).validate(document)
    assert check(document) == []


@pytest.mark.parametrize(("document", "path", "problem", "hint"), INVALID)
def test_what_is_invalid_is_explained(document: Any, path: Path, problem: str, hint: str) -> None:
    assert not Draft7Validator(schema()).is_valid(document)
    [finding] = check(document)
    assert (finding.path, finding.problem) == (path, problem)
    assert finding.hint.startswith(hint)
    assert finding.at_key == (problem == "is an unknown key")


def test_everything_is_found_at_once() -> None:
    document = {"url": [], "dependencies": [1, "a", 2], "limits": {"members": 0, "x": 1}}
    assert {finding.path for finding in check(document)} == {
        (),
        ("url",),
        ("dependencies", 0),
        ("dependencies", 2),
        ("limits", "members"),
        ("limits", "x"),
    }


def test_the_schema_says_what_the_code_does() -> None:
    properties = schema()["properties"]
    limits = {key: rules["default"] for key, rules in properties["limits"]["properties"].items()}
    assert len(limits) == len(asdict(Limits()))
    assert limits_of(limits) == limits_of(properties["limits"]["default"]) == Limits()
    assert properties["rateLimit"]["properties"]["requestsPerHour"]["default"] == DEFAULT_REQUESTS_PER_HOUR
    assert properties["rateLimit"]["default"] == {"enabled": True, "requestsPerHour": DEFAULT_REQUESTS_PER_HOUR}
    assert properties["repositoryPathPattern"]["default"] == DEFAULT_REPOSITORY_PATTERN


def test_every_property_is_described_and_its_examples_are_valid() -> None:
    for rules in _rules(schema()):
        assert rules["title"]
        assert rules["description"].endswith(".")
        assert "default" in rules or rules["examples"]
        for example in [*rules.get("examples", []), *([rules["default"]] if "default" in rules else [])]:
            # With all definitions beside them, references lead somewhere.
            Draft7Validator({**rules, "definitions": schema()["definitions"]}).validate(example)
            assert not rules.get("allOf") or rules["allOf"][0]["$ref"].startswith("#/definitions/")


def test_the_examples_load() -> None:
    for document in [*schema()["examples"], *({"urls": urls} for urls in schema()["properties"]["urls"]["examples"])]:
        assert load(json.dumps(document).encode()).config


def test_a_hundred_thousand_strings() -> None:
    assert check({"urls": [], "dependencies": ["name==1.2.3"] * 100_000}) == []


def test_which_keys_are_secret_is_known_of_all() -> None:
    keys = {key for rules in _rules(schema()) for key in rules.get("properties", {})}
    assert keys == PUBLIC_KEYS | SECRET_KEYS | REFERENCES | {HEADERS}
    assert not PUBLIC_KEYS & (SECRET_KEYS | REFERENCES | {HEADERS})
    secrets = {
        key
        for rules in _rules(schema())
        for key, member in rules.get("properties", {}).items()
        if {"$ref": "#/definitions/secret"} in member.get("allOf", [])
    }
    assert secrets == SECRET_KEYS


def test_an_installed_package_brings_its_schema(tmp_path: FilePath) -> None:
    shutil.copytree(ROOT / "codehost", tmp_path / "codehost", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "schema", tmp_path / "codehost" / "schema")
    code = "from codehost.config import contract; print(contract.__file__); print(contract.schema()['$id'])"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.split() == [str(tmp_path / "codehost/config/contract.py"), f"{SCHEMA_NAME}#"]


def test_the_schema_file_is_what_is_read() -> None:
    assert json.loads((ROOT / "schema" / SCHEMA_NAME).read_text(encoding="utf-8")) == schema()


def _rules(rules: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*rules.get("properties", {}).values(), *rules.get("definitions", {}).values()]
    return [rules, *(found for member in inner for found in _rules(member))]
