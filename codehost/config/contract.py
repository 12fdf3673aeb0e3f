"""The configuration contract: what the JSON Schema says about a parsed document."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path as FilePath
from types import NoneType
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from codehost.config.violations import Finding, Path
from codehost.model.errors import UserError

SCHEMA_NAME = "python-packages.schema.json"

_MAX_GUESSED_KEY = 64
# Rules that are checked elsewhere in this package, where what is wrong can be named.
_FOR_EDITORS = ("pattern", "propertyNames", "minLength", "maxLength")
_TYPES = {
    "array": "a list",
    "object": "an object",
    "string": "a string",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "null": "null",
}


@cache
def schema() -> dict[str, Any]:
    """The schema, from the installed distribution or, in a checkout, from the directory beside the code.

    Raises:
        UserError: it is in neither place.
    """
    candidates = (
        files("codehost").joinpath("schema", SCHEMA_NAME),
        FilePath(__file__).parents[2] / "schema" / SCHEMA_NAME,
    )
    for candidate in candidates:
        if candidate.is_file():
            loaded: dict[str, Any] = json.loads(candidate.read_text(encoding="utf-8"))
            return loaded
    raise UserError(f"The installation of codehost is damaged: {SCHEMA_NAME} is missing. Install codehost again.")


def check(value: Any) -> list[Finding]:
    """Everything in which ``value`` breaks the schema; nothing if it is valid."""
    findings: dict[Finding, None] = {}
    for error in _validator().iter_errors(value):
        findings.update(dict.fromkeys(_findings(error)))
    return list(findings)


@cache
def _validator() -> Any:
    # jsonschema's own loop costs ten microseconds for every string of a list: a second for 100,000 pins.
    quick = extend(Draft7Validator, {"items": _items, **dict.fromkeys(_FOR_EDITORS)})  # type: ignore[no-untyped-call]  # the stubs leave it untyped
    return quick(schema())


def _items(validator: Any, items: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "array"):
        return
    only_strings = items == {"type": "string"}
    for index, item in enumerate(instance):
        if not (only_strings and type(item) is str):
            yield from validator.descend(item, items, path=index)


def _findings(error: Any) -> Iterator[Finding]:
    path = tuple(error.absolute_path)
    bound = error.validator_value
    match error.validator:
        case "additionalProperties":
            known = list(error.schema["properties"])
            yield from (_unknown_key(path, key, known) for key in error.instance if key not in known)
        case "required":
            yield from (_missing_key(path, key, error.schema) for key in bound if key not in error.instance)
        case "type":
            yield _wrong_type(path, error)
        case "minimum":
            yield Finding(path=path, problem=f"is less than {bound}", hint=f"write {bound} or more")
        case "maximum":
            yield Finding(path=path, problem=f"is more than {bound}", hint=f"write {bound} or less")
        case "enum":
            # A value of another type has that as its finding.
            if isinstance(error.instance, str):
                yield _no_choice(path, error.instance, bound)
        case "minProperties":
            yield Finding(path=path, problem="is empty", hint=f"write for example {_example(error.schema)}")
        case "maxProperties":
            keys = " or ".join(f'"{key}"' for key in error.schema["properties"])
            yield Finding(path=path, problem="has more than one key", hint=f"keep only one: {keys}")
        case rule:
            yield Finding(
                path=path, problem=f"breaks the rule {rule!r} of {SCHEMA_NAME}", hint="compare it with the rule"
            )


def _unknown_key(path: Path, key: str, known: list[str]) -> Finding:
    folded = {name.lower(): name for name in known}
    # Comparing takes time that grows with the square of the length, and no misspelling is that long.
    near = get_close_matches(key.lower(), folded, n=1) if len(key) <= _MAX_GUESSED_KEY else []
    hint = f'did you mean "{folded[near[0]]}"?' if near else f"remove it; known here: {', '.join(known)}"
    return Finding(path=(*path, key), problem="is an unknown key", hint=hint, at_key=True)


def _missing_key(path: Path, key: str, rules: Any) -> Finding:
    return Finding(
        path=path, problem=f'lacks the key "{key}"', hint=f'add "{key}": {_example(rules["properties"][key])}'
    )


def _no_choice(path: Path, value: str, choices: list[str]) -> Finding:
    near = get_close_matches(value.lower(), choices, n=1) if len(value) <= _MAX_GUESSED_KEY else []
    named = " or ".join(f'"{choice}"' for choice in choices)
    hint = f'did you mean "{near[0]}"?' if near else f"write {named}"
    return Finding(path=path, problem=f"is not {named}", hint=hint)


def _wrong_type(path: Path, error: Any) -> Finding:
    allowed = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    *others, last = [_TYPES[name] for name in allowed]
    expected = f"{', '.join(others)} or {last}" if others else last
    example = _example(error.schema)
    hint = f"write for example {example}" if example else f"write {expected}"
    return Finding(path=path, problem=f"is {_kind(error.instance)}, not {expected}", hint=hint)


def _kind(value: Any) -> str:
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", NoneType: "null"}
    return _TYPES[kinds.get(type(value), "number")]


def _example(rules: Any) -> str:
    example = rules.get("default") or next(iter(rules.get("examples", ())), None)
    return json.dumps(example) if example else ""
