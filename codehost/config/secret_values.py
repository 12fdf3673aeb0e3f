"""Secrets: written out, or named as an environment variable or a file.

A *rule* says what a secret's place cannot carry: it takes the secret and returns the problem and the hint, or None.
Neither a problem nor a hint ever holds a piece of a secret.
"""

import re
from collections.abc import Callable

from codehost.config.inspection import Inspection
from codehost.config.secrecy import REDACTED, is_absolute, is_environment_name
from codehost.config.surroundings import Surroundings, SurroundingsError

Complaint = tuple[str, str]
Rule = Callable[[str], Complaint | None]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_TAB = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_VISIBLE = re.compile(r"[\x21-\x7e]+")

_HOW_TO_NAME = 'write {"env": "NAME"}, {"file": "/absolute/path"} or the secret itself'


def user_name(secret: str) -> Complaint | None:
    """Rule of a user name."""
    # RFC 7617, section 2: no colon in the user name, no control character in either.
    if ":" in secret:
        return "has a colon", "basic authentication carries none in a user name: give the part behind it as password"
    return password(secret)


def password(secret: str) -> Complaint | None:
    """Rule of a password for basic authentication."""
    if _CONTROL.search(secret):
        return "has a line break or control character", "remove it"
    return None


def bearer_token(secret: str) -> Complaint | None:
    """Rule of a bearer token."""
    if secret.lower().startswith("bearer "):
        return "starts with the word Bearer", "give the token alone: the word is added"
    # RFC 6750, section 2.1: letters, digits and a few marks; servers use more of them, but no spaces.
    if not _VISIBLE.fullmatch(secret):
        return "has a space, a line break or a character outside ASCII", "give the token alone"
    return None


def header_value(secret: str) -> Complaint | None:
    """Rule of a header's value."""
    # RFC 9110, section 5.5: no control characters but a tab, and no space at an end.
    if _CONTROL_BUT_TAB.search(secret):
        return "has a line break or control character", "remove it"
    if secret != secret.strip():
        return "begins or ends with a space", "remove it"
    return None


def any_text(_: str) -> Complaint | None:
    """The rule that forbids nothing."""
    return None


def read_secret(value: object, at: Inspection, rule: Rule) -> str | None:
    """The secret that ``value`` writes or names; None after a finding, or where the contract has one."""
    if isinstance(value, str):
        return _checked(value, _literal_problem(value) or rule(value), "", at)
    if not isinstance(value, dict) or len(value) != 1:
        return None
    [(kind, name)] = value.items()
    if not isinstance(name, str) or kind not in _REFERENCES:
        return None
    problem, subject, follow = _REFERENCES[kind]
    if complaint := problem(name):
        return _checked("", complaint, "", at)
    try:
        secret = follow(at.surroundings, name)
    except SurroundingsError as error:
        return _checked("", (error.problem, error.hint), "", at)
    return _checked(secret, rule(secret), f"{subject} {name}, whose value ", at)


def _checked(secret: str, complaint: Complaint | None, subject: str, at: Inspection) -> str | None:
    if complaint is None:
        return secret
    problem, hint = complaint
    at.report(f"{subject}{problem}", hint)
    return None


def _literal_problem(secret: str) -> Complaint | None:
    if not secret:
        return "is empty", f"{_HOW_TO_NAME}, or remove the key"
    if secret == REDACTED:
        return "is what stored documents show in place of a secret", "write the secret again"
    if _SURROGATE.search(secret):
        return "has half a character", r"write both halves of a \u escape, or the character itself"
    return None


def _name_problem(name: str) -> Complaint | None:
    if is_environment_name(name):
        return None
    # What is no name may be the secret itself, put in the wrong place: it is not told.
    return "names an environment variable that cannot exist", "a name has letters, digits and _; write no $ before it"


def path_problem(path: str) -> Complaint | None:
    """What is wrong with a path in the document, or None."""
    if is_absolute(path):
        return None
    if path.startswith("/"):
        return "is a path with a character that cannot be shown", "give the file a plainer name"
    return "is no absolute path", "write the path from the root of the file system: it starts with /"


def _file_problem(path: str) -> Complaint | None:
    complaint = path_problem(path)
    return complaint and (f"names a file by what {complaint[0]}", complaint[1])


_REFERENCES: dict[str, tuple[Rule, str, Callable[[Surroundings, str], str]]] = {
    "env": (_name_problem, "names the environment variable", lambda surroundings, name: surroundings.environment(name)),
    "file": (_file_problem, "names the file", lambda surroundings, path: surroundings.file(path)),
}
