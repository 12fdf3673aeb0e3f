"""Regular expressions of queries: compiled by RE2, whose dialect is that of Go, and so of Zoekt."""

from collections.abc import Iterator
from typing import Protocol

import re2

from codehost.model.searching import QueryError
from codehost.search.query.regexps import Facts, NotSupportedError, facts

_LINES = "(?m)"
_SHOWN = 60
_STAR = "It would match everywhere: use + instead of *, or name a text that must be there."


class Found(Protocol):
    """One match."""

    def span(self) -> tuple[int, int]:
        """Its first byte, and the one behind its last."""
        ...


class Pattern(Protocol):
    """A compiled pattern. It takes bytes of UTF-8."""

    def search(self, text: bytes) -> Found | None:
        """The first match."""
        ...

    def finditer(self, text: bytes) -> Iterator[Found]:
        """All matches, leftmost first, none inside another."""
        ...


def checked(query: str, at: int, pattern: str) -> Facts:
    """The facts of a pattern for contents and paths, which stands at character ``at`` of ``query``.

    Raises:
        QueryError: RE2 refuses it, Zoekt means something else by it, or it matches the empty text.
    """
    if not pattern:
        raise QueryError(query, at, "a part with no text", "Write what to search for.")
    found = _checked(query, at, _LINES, pattern, folding=False)
    if found.nullable:
        raise QueryError(query, at, f"{_shown(pattern)} also matches the empty text", _STAR)
    return found


def check_repository(query: str, at: int, pattern: str) -> None:
    """Refuse a pattern for names of repositories that is empty or that RE2 refuses (QueryError)."""
    if not pattern:
        raise QueryError(query, at, "repo: needs a text behind it", "Write repo: and a part of the name.")
    _checked(query, at, "", pattern, folding=True)


def for_documents(pattern: str, *, sensitive: bool) -> Pattern:
    """A checked pattern for contents and paths, in UTF-8: ``^`` and ``$`` are the ends of a line."""
    return _compiled(_LINES + pattern, sensitive=sensitive)


def for_repositories(pattern: str) -> Pattern:
    """A checked pattern for names of repositories, in UTF-8."""
    return _compiled(pattern, sensitive=True)


def _compiled(pattern: str, *, sensitive: bool) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = sensitive
    options.never_capture = True
    compiled: Pattern = re2.compile(pattern.encode(), options)
    return compiled


def _checked(query: str, at: int, prefix: str, pattern: str, *, folding: bool) -> Facts:
    try:
        _compiled(prefix + pattern, sensitive=True)
        return facts(pattern, folding=folding)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        reason = reason.replace(_LINES, "")
        hint = "Put a backslash before a character that is meant literally: ( ) [ ] { } . * + ? | ^ $ \\"
        raise QueryError(query, at, f"{_shown(pattern)} is no regular expression ({reason})", hint) from error
    except NotSupportedError as error:
        raise QueryError(query, at, f"in {_shown(pattern)}, {error.problem}", error.hint) from error


def _shown(pattern: str) -> str:
    return pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}…"
