"""What is wrong with a configuration document, as answers say it. Pure."""

from collections.abc import Sequence

from codehost.config.violations import Violation
from codehost.serve.problems import Flaw, Kind, ProblemError

# Whoever writes 100,000 pins wrongly has made one mistake.
MOST_SHOWN = 1_000


def sentence(violation: Violation) -> str:
    """What is wrong, without its place and hint, which stand in fields of their own."""
    return f"{violation.text or 'The document'} {violation.problem}."


def refused(violations: Sequence[Violation]) -> ProblemError:
    """The answer to a document that cannot be taken. Pointers and lines are those of the document itself."""
    number = len(violations)
    count = "a mistake" if number == 1 else f"{number:,} mistakes"
    shown = f", of which the first {MOST_SHOWN:,} are told" if number > MOST_SHOWN else ""
    flaws = tuple(_flaw(violation) for violation in violations[:MOST_SHOWN])
    return ProblemError(Kind.INVALID, f"The document has {count}{shown}; nothing was changed.", flaws=flaws)


def _flaw(violation: Violation) -> Flaw:
    return Flaw(
        detail=sentence(violation), pointer=violation.pointer, line=violation.line, hint=_capital(violation.hint)
    )


def _capital(hint: str) -> str:
    return f"{hint[:1].upper()}{hint[1:]}." if hint else hint
