"""A configuration document to a code host, or to everything that is wrong with it."""

from dataclasses import dataclass, field
from typing import Any

from codehost.config.contract import check
from codehost.config.document import DocumentError, parse
from codehost.config.encoding import decode
from codehost.config.inspection import Inspection
from codehost.config.mirrors import read_mirrors
from codehost.config.pins import read_pins
from codehost.config.places import at_offset, locate
from codehost.config.proxies import read_proxy
from codehost.config.redaction import without_secrets
from codehost.config.repositories import pattern_problem
from codehost.config.settings import limits_of, rate_limit_of
from codehost.config.surroundings import Surroundings, Unchecked
from codehost.config.violations import Finding, Violation, by_place
from codehost.model.codehosts import CodeHostConfig, IndexStrategy
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN

_UNCHECKED = Unchecked()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of a document. ``config`` is None exactly when there are violations; those stand in document order.

    ``text`` is the document as written, with its comments, without a byte order mark. It may hold passwords.
    ``storable`` is the same without secrets: URLs have lost their user information, and what is written in the place of
    a secret is replaced. It is empty when there are violations.
    """

    text: str = field(repr=False)
    storable: str
    config: CodeHostConfig | None
    violations: tuple[Violation, ...]


def load(data: bytes, surroundings: Surroundings = _UNCHECKED) -> Loaded:
    """Read a document: JSON with comments and trailing commas, in UTF-8. Never raises for what it holds.

    References to environment variables and files are followed by ``surroundings``. Without one they are taken for
    good and their secrets are placeholders: enough to check a document, not to ask its mirrors.
    """
    text, undecodable = decode(data)
    if undecodable:
        return Loaded(text=text, storable="", config=None, violations=(undecodable,))
    try:
        document = parse(text)
    except DocumentError as error:
        found = at_offset(text, error.offset, error.problem, error.hint)
        return Loaded(text=text, storable="", config=None, violations=(found,))
    config, findings = _read(document.value, surroundings)
    if config is None or findings or document.repeats:
        return Loaded(text=text, storable="", config=None, violations=by_place(locate(text, document.plain, findings)))
    return Loaded(text=text, storable=without_secrets(text, document), config=config, violations=())


def _read(value: Any, surroundings: Surroundings) -> tuple[CodeHostConfig | None, list[Finding]]:
    """The code host, and the findings of the contract and of every check that the contract cannot express.

    A value of the wrong type is the contract's finding; the other checks read around it.
    """
    findings = check(value)
    members = value if isinstance(value, dict) else {}
    inspection = Inspection(surroundings=surroundings)
    pattern, wrong_pattern = _read_pattern(members.get("repositoryPathPattern", DEFAULT_REPOSITORY_PATTERN))
    proxy = read_proxy(members.get("proxy"), inspection.at("proxy"))
    mirrors = read_mirrors(_list(members.get("urls")), proxy, inspection.at("urls"))
    pins, wrong_pins = read_pins(_list(members.get("dependencies")), pattern)
    findings = [*findings, *wrong_pattern, *inspection.findings, *wrong_pins]
    if findings:
        return None, findings
    config = CodeHostConfig(
        mirrors=mirrors,
        pins=pins,
        rate_limit=rate_limit_of(members.get("rateLimit", {})),
        limits=limits_of(members.get("limits", {})),
        repository_pattern=pattern,
        index_strategy=IndexStrategy(members.get("indexStrategy", IndexStrategy.FIRST_MATCH)),
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


def _list(value: Any) -> list[object]:
    return value if isinstance(value, list) else []
