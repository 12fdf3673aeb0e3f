"""Which mirror a pin was locked from: its scheme and host, and nothing else of its URL."""

from typing import Any, NamedTuple

from codehost.imports.showing import shown_origin

# PyPI's simple API and its files.
_PUBLIC = frozenset({"pypi.org", "pypi.python.org", "files.pythonhosted.org"})
_SCHEMES = frozenset({"http", "https"})


class Source(NamedTuple):
    """A mirror other than PyPI. ``certain`` is False where a pin may be from another one too."""

    origin: str
    certain: bool = True


def sources_of(url: Any, *, certain: bool = True) -> tuple[Source, ...]:
    """The source that a URL names; none for PyPI, and for what is no URL of a server."""
    scheme, separator, rest = url.strip().partition("://") if isinstance(url, str) else ("", "", "")
    if not separator or scheme.lower() not in _SCHEMES:
        return ()
    host = shown_origin(rest).lower()
    if host.partition(":")[0] in _PUBLIC:
        return ()
    # Where a broken password hides the host, the rest of the URL stays hidden too.
    return (Source(f"{scheme.lower()}://{host}" if host else "a mirror whose host cannot be told", certain),)
