"""The entries of ``dependencies`` to pins, with everything that is wrong with them."""

from codehost.config.repositories import MAX_PART, is_too_long
from codehost.config.violations import Finding, Path
from codehost.model.pins import Pin, PinError, parse_pin


def read_pins(entries: list[object], pattern: str) -> tuple[tuple[Pin, ...], list[Finding]]:
    """The pins in the order of the document, each release once, and the findings.

    Entries that are no strings are passed over: the contract has reported them.
    """
    pins: list[Pin] = []
    # By project and canonical version: pairs hash several times faster than releases.
    firsts: dict[tuple[str, str], int] = {}
    findings: list[Finding] = []
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            continue
        try:
            pin = parse_pin(entry)
        except PinError as error:
            findings.append(Finding(path=_path(index), problem=error.problem, hint=error.hint))
            continue
        first = firsts.setdefault((pin.project, pin.release.version), index)
        if first != index:
            findings.append(_duplicate(entry, index, entries[first], first))
            continue
        pins.append(pin)
        if is_too_long(pin, pattern):
            findings.append(_too_long(index))
    return tuple(pins), findings


def _path(index: int) -> Path:
    return ("dependencies", index)


def _duplicate(entry: str, index: int, first: object, first_index: int) -> Finding:
    same = "is pinned already" if entry == first else f"names the same release as {first}"
    return Finding(path=_path(index), problem=same, hint="keep one of the two", first=_path(first_index))


def _too_long(index: int) -> Finding:
    problem = f"makes a repository name with a part of more than {MAX_PART} characters"
    return Finding(path=_path(index), problem=problem, hint="no such release exists: check the name and the version")
