"""How repositories are named: ``repositoryPathPattern``."""

import re

from codehost.model.pins import Pin

MAX_PART = 200
PLACEHOLDERS = ("{project}", "{version}")

# No project has "." or "_" or "+", no version has "-" or "_": one of these between the two keeps names unambiguous.
SEPARATORS = "/.-_+"

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_UNFIT = re.compile(r"[^A-Za-z0-9._+\-/]")
_FORBIDDEN_ENDS = (".", ".git", ".lock")


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern, as a clause, or None.

    A good pattern gives different releases different names, and every name is a path of plain, safe parts.
    """
    if len(pattern) > MAX_PART:
        return f"is longer than {MAX_PART} characters"
    found = _PLACEHOLDER.findall(pattern)
    missing = [placeholder for placeholder in PLACEHOLDERS if placeholder not in found]
    unknown = [placeholder for placeholder in found if placeholder not in PLACEHOLDERS]
    if missing:
        return f"lacks {missing[0]}"
    if unknown:
        return f"has the unknown placeholder {unknown[0]}"
    literals = _PLACEHOLDER.split(pattern)
    if any(not set(between) & set(SEPARATORS) for between in literals[1:-1]):
        return f"does not keep its placeholders apart by one of {' '.join(SEPARATORS)}"
    unfit = _UNFIT.search("".join(literals))
    if unfit:
        return f"has the character {unfit[0]!r}"
    return next(filter(None, map(_part_problem, pattern.split("/"))), None)


def _part_problem(part: str) -> str | None:
    if not part:
        return "has an empty part or a slash at an end"
    if part[0] in ".-":
        return f"has the part {part!r}, which starts with a dot or a dash"
    ending = next((end for end in _FORBIDDEN_ENDS if part.endswith(end)), None)
    if ending:
        return f"has the part {part!r}, which ends with {ending!r}"
    return None


def is_too_long(pin: Pin, pattern: str) -> bool:
    """Whether a part of the pin's repository name is longer than a file system's names may be, with room to spare."""
    # Nearly all are far below: a bound that is cheap to check comes first.
    if len(pin.project) + len(pin.version) + len(pattern) <= MAX_PART:
        return False
    return any(len(part) > MAX_PART for part in pin.repository(pattern).split("/"))
