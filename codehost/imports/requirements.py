"""Requirements files and the output of ``pip freeze``, with the files that they include.

Files behind ``-c`` are read like those behind ``-r``: a constraint pins the release that gets installed.
"""

import os.path
from collections.abc import Iterator
from dataclasses import replace

from codehost.imports.encoding import decode
from codehost.imports.entries import Entry, Imported, Kind, collect, leave_out
from codehost.imports.problems import check_size
from codehost.imports.reading import ReadFile
from codehost.imports.requirement_lines import Line, Option, lines_of
from codehost.imports.sources import Source, sources_of
from codehost.imports.specifiers import VARIABLE, required

MAX_DEPTH = 16

_MAIN = ("--pypi-url", "--index-url")
_MORE = ("--extra-index-url", "--find-links")
_INCLUDES = frozenset({"--requirement", "--constraint"})
_INDEXES = frozenset({"--index-url", "--extra-index-url", "--pypi-url", "--find-links", "--no-index", "--trusted-host"})
# How pip installs, not what: nothing is lost without them.
_NO_MATTER = frozenset(
    {
        "--no-binary",
        "--only-binary",
        "--prefer-binary",
        "--require-hashes",
        "--pre",
        "--use-feature",
        "--hash",
        "--config-setting",
        "--config-settings",
        "--global-option",
        "--install-option",
    }
)


def read_requirements(path: str, text: str, read: ReadFile) -> Imported:
    """The entries of a file and of all that it includes, each file once.

    Raises:
        ImportFileError: an included file is too large or not text.
    """
    reading = _Reading(read)
    found = collect(reading.entries(path, text))
    sources = reading.sources()
    return replace(found, pins=tuple(replace(pin, sources=sources) for pin in found.pins)) if sources else found


class _Reading:
    def __init__(self, read: ReadFile) -> None:
        self._read = read
        self._open: list[str] = []
        self._known: set[str] = set()
        self._indexes: dict[str, list[str]] = {}

    def sources(self) -> tuple[Source, ...]:
        """The mirrors of every pin: pip takes an index that any line names for all of them."""
        # pip's documentation: the last index-url replaces the others, each further place adds to it.
        main = [url for option in _MAIN for url in self._indexes.get(option, ())][-1:]
        more = [url for option in _MORE for url in self._indexes.get(option, ())]
        found = [source for url in main for source in sources_of(url, certain=not more)]
        found += [source for url in more for source in sources_of(url, certain=False)]
        return tuple(dict.fromkeys(found))

    def entries(self, path: str, text: str) -> Iterator[Entry]:
        identity = os.path.normpath(path)
        self._open.append(identity)
        self._known.add(identity)
        for line in lines_of(text):
            yield from self._entries_of(path, line)
        self._open.pop()

    def _entries_of(self, path: str, line: Line) -> Iterator[Entry]:
        place = f"{path}:{line.number}"
        if line.requirement:
            yield required(line.requirement, place)
        elif line.options is None:
            yield leave_out(Kind.UNREADABLE, line.text, place)
        else:
            for option in line.options:
                yield from self._option(path, option, place)

    def _option(self, path: str, option: Option, place: str) -> Iterator[Entry]:
        written = f"{option.name} {option.value}" if option.value else option.name
        if option.name in _INCLUDES and option.value:
            yield from self._included(path, option.value, written, place)
        elif option.name == "--editable":
            yield leave_out(Kind.EDITABLE, written, place)
        elif option.name in _INDEXES:
            self._indexes.setdefault(option.name, []).append(option.value or "")
            yield leave_out(Kind.INDEX, written, place)
        elif option.name not in _NO_MATTER:
            # Nobody knows what the value of an unknown option is, so it is not shown.
            yield leave_out(Kind.OPTION, option.name, place)

    def _included(self, path: str, value: str, written: str, place: str) -> Iterator[Entry]:
        included = os.path.join(os.path.dirname(path), value)  # noqa: PTH118, PTH120 - texts, shown as written
        identity = os.path.normpath(included)
        refusal = self._refusal(value, identity)
        if refusal is not None:
            yield leave_out(refusal, written, place)
            return
        if identity in self._known:
            return
        try:
            data = self._read("./-" if included == "-" else included)
        except (OSError, ValueError):  # the latter for a path with a zero byte
            yield leave_out(Kind.MISSING_FILE, written, place)
            return
        check_size(included, data)
        yield from self.entries(included, decode(included, data))

    def _refusal(self, value: str, identity: str) -> Kind | None:
        if VARIABLE.search(value):
            return Kind.VARIABLE_FILE
        if "://" in value:
            return Kind.REMOTE_FILE
        if identity in self._open:
            return Kind.CYCLE
        return Kind.TOO_DEEP if len(self._open) >= MAX_DEPTH else None
