"""The form of the search page: from an address to a question, and to the addresses of its neighbours. Pure.

q        the query
project  names, with spaces between them; or one pin
version  as pinned
host     a code host's name
all      1: all versions, not only each project's latest
lines    at most so many hits, from 1 to ``MOST_LINES``
each     at most so many of one file, within the same bounds

Whatever is missing, or is none of these, counts as usual.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from codehost.model.pins import normalise_project
from codehost.model.searching import SearchRequest, SearchScope

LINES = 200
MOST_LINES = 2_000
EACH = 10
# What a query may have, and some more, so that one that is too long is told of.
LONGEST_QUERY = 2_500
_LONGEST = 200
_MOST_PROJECTS = 20
_MOST_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchForm:
    """What is asked for. Empty texts: anything.

    Attributes:
        query: as typed, without spaces around it.
        projects: normalised names.
        version: as pinned.
        code_host: its name.
        all_versions: not only each project's latest.
        lines: at most so many hits in all.
        each: at most so many of one file.
    """

    query: str = ""
    projects: tuple[str, ...] = ()
    version: str = ""
    code_host: str = ""
    all_versions: bool = False
    lines: int = LINES
    each: int = EACH

    @property
    def is_filtered(self) -> bool:
        """Whether less than everything is searched, besides older versions."""
        return bool(self.projects or self.version or self.code_host)

    @property
    def latest_only(self) -> bool:
        """Whether older versions are left out; a version says itself what is searched."""
        return not self.all_versions and not self.version

    def request(self, *, context: int, seconds: float) -> SearchRequest:
        """The question to an engine."""
        scope = SearchScope(
            code_host=self.code_host or None,
            projects=self.projects,
            version=self.version or None,
            latest=not self.all_versions,
        )
        return SearchRequest(
            query=self.query, scope=scope, lines=self.lines, lines_each=self.each, context=context, seconds=seconds
        )

    def parameters(self) -> str:
        """The same as a part of an address, behind its question mark; what is as usual is left out."""
        given = {
            "q": self.query,
            "project": " ".join(self.projects),
            "version": self.version,
            "host": self.code_host,
            "all": "1" if self.all_versions else "",
            "lines": "" if self.lines == LINES else str(self.lines),
            "each": "" if self.each == EACH else str(self.each),
        }
        return urlencode({name: value for name, value in given.items() if value}, errors="replace")

    def asking(self, query: str) -> "SearchForm":
        """The same for another query, within the usual bounds."""
        return replace(self, query=query, lines=LINES, each=EACH)

    def everywhere(self) -> "SearchForm":
        """The same query in each project's latest version."""
        return SearchForm(query=self.query)

    def in_all_versions(self) -> "SearchForm":
        """The same in all versions."""
        return replace(self, all_versions=True, version="")

    def in_latest_versions(self) -> "SearchForm":
        """The same in each project's latest version."""
        return replace(self, all_versions=False)

    def with_more(self) -> "SearchForm":
        """The same with as many hits as a page may have."""
        return replace(self, lines=MOST_LINES)

    def within(self, project: str, version: str, code_host: str) -> "SearchForm":
        """The same in one release, with all that is in each file."""
        return SearchForm(
            query=self.query,
            projects=(project,),
            version=version,
            code_host=code_host,
            lines=MOST_LINES,
            each=MOST_LINES,
        )

    def meaning(self, what: str, name: str, instead: str) -> "SearchForm":
        """The same with another name for the code host, the project or the version that is called ``name``."""
        match what:
            case "code host":
                return replace(self, code_host=instead)
            case "version":
                return replace(self, version=instead)
            case _:
                return replace(self, projects=tuple(instead if one == name else one for one in self.projects))


def form_of(given: Mapping[str, str]) -> SearchForm:
    """The form that an address gives. What is no number counts as usual, and what nobody can type as not there."""
    projects, version = _projects(_plain(given.get("project", "")))
    return SearchForm(
        query=given.get("q", "").strip()[:LONGEST_QUERY],
        projects=projects,
        version=_plain(given.get("version", "")) or version,
        code_host=_plain(given.get("host", "")),
        all_versions=given.get("all") == "1",
        lines=_count(given.get("lines", ""), LINES),
        each=_count(given.get("each", ""), EACH),
    )


def _plain(text: str) -> str:
    # No name has such characters, and PostgreSQL's texts cannot hold a NUL.
    return "".join(filter(str.isprintable, text)).strip()[:_LONGEST]


def _projects(text: str) -> tuple[tuple[str, ...], str]:
    """The projects, and the version when a pin is given."""
    name, pinned, version = text.partition("==")
    if pinned:
        return ((normalise_project(name.strip()),) if name.strip() else ()), version.strip()
    names = text.replace(",", " ").split()[:_MOST_PROJECTS]
    return tuple(dict.fromkeys(map(normalise_project, names))), ""


def _count(text: str, usual: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return usual
    return min(max(1, int(text)), MOST_LINES)
