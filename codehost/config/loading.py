"""A configuration document to a code host, or to everything that is wrong with it."""

import json
from dataclasses import dataclass, field
from typing import Any

from codehost.config.contract import check
from codehost.config.document import DocumentError, parse
from codehost.config.encoding import decode
from codehost.config.mirrors import MirrorError, parse_mirror
from codehost.config.pins import read_pins
from codehost.config.places import at_offset, find_places, locate
from codehost.config.repositories import pattern_problem
from codehost.config.settings import limits_of, rate_limit_of
from codehost.config.violations import Finding, Violation, by_place
from codehost.model.codehosts import CodeHostConfig, Mirror
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a document. ``config`` is None exactly when there are violations; those stand in document order.

    ``text`` is the document as written, with its comments, without a byte order mark. It may hold passwords.
    ``storable`` is the same without the user information of ``urls``; it is empty when there are violations.
    """

    text: str = field(repr=False)
    storable: str
    config: CodeHostConfig | None
    violations: tuple[Violation, ...]


def load(data: bytes) -> Loaded:
    """Read a document: JSON with comments and trailing commas, in UTF-8. Never raises for what it holds."""
    text, undecodable = decode(data)
    if undecodable:
        return Loaded(text=text, storable="", config=None, violations=(undecodable,))
    try:
        document = parse(text)
    except DocumentError as error:
        found = at_offset(text, error.offset, error.problem, error.hint)
        return Loaded(text=text, storable="", config=None, violations=(found,))
    config, findings = _read(document.value)
    if config is None or findings or document.repeats:
        return Loaded(text=text, storable="", config=None, violations=by_place(locate(text, document.plain, findings)))
    storable = _without_credentials(text, document.plain, config.mirrors)
    return Loaded(text=text, storable=storable, config=config, violations=())


def _without_credentials(text: str, plain: str, mirrors: tuple[Mirror, ...]) -> str:
    """The text with every URL that has credentials replaced by its bare form; ``plain`` has the same offsets."""
    secret = [mirror for mirror in mirrors if mirror.credentials is not None]
    if not secret:
        return text
    spans = find_places(plain).values
    for mirror in sorted(secret, key=lambda mirror: mirror.position, reverse=True):
        start, end = spans["urls", mirror.position]
        text = f"{text[:start]}{json.dumps(mirror.url)}{text[end:]}"
    return text


def _read(value: Any) -> tuple[CodeHostConfig | None, list[Finding]]:
    """The code host, and the findings of the contract and of every check that the contract cannot express.

    A value of the wrong type is the contract's finding; the other checks read around it.
    """
    findings = check(value)
    members = value if isinstance(value, dict) else {}
    pattern, wrong_pattern = _read_pattern(members.get("repositoryPathPattern", DEFAULT_REPOSITORY_PATTERN))
    mirrors, wrong_urls = _read_mirrors(_list(members.get("urls")))
    pins, wrong_pins = read_pins(_list(members.get("dependencies")), pattern)
    findings = [*findings, *wrong_pattern, *wrong_urls, *wrong_pins]
    if findings:
        return None, findings
    config = CodeHostConfig(
        mirrors=mirrors,
        pins=pins,
        rate_limit=rate_limit_of(members.get("rateLimit", {})),
        limits=limits_of(members.get("limits", {})),
        repository_pattern=pattern,
    )
    return config, []


def _read_pattern(pattern: Any) -> tuple[str, list[Finding]]:
    if not isinstance(pattern, str):
        return DEFAULT_REPOSITORY_PATTERN, []
    problem = pattern_problem(pattern)
    if problem is None:
        return pattern, []
    hint = f"write for example {DEFAULT_REPOSITORY_PATTERN}"
    return DEFAULT_REPOSITORY_PATTERN, [Finding(path=("repositoryPathPattern",), problem=problem, hint=hint)]


def _read_mirrors(entries: list[object]) -> tuple[tuple[Mirror, ...], list[Finding]]:
    mirrors: list[Mirror] = []
    findings: list[Finding] = []
    for position, entry in enumerate(entries):
        if not isinstance(entry, str):
            continue
        try:
            mirrors.append(parse_mirror(entry, position))
        except MirrorError as error:
            findings.append(Finding(path=("urls", position), problem=error.problem, hint=error.hint))
    return tuple(mirrors), findings


def _list(value: Any) -> list[object]:
    return value if isinstance(value, list) else []
