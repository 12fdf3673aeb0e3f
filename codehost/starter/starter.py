"""The way from a machine to its starter configuration: read this file first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from codehost.model.texts import printable
from codehost.starter.document import Contents, text_of
from codehost.starter.machine import Machine, UnreadableError
from codehost.starter.members import entry_of, proxy_member, strategy_member
from codehost.starter.merge import Merged, merge
from codehost.starter.pip_config import PipEntry, parse_pip, pip_settings
from codehost.starter.places import Groups, Place, Scope, pip_places, uv_places
from codehost.starter.references import Naming
from codehost.starter.uv_config import UvFile, parse_uv, uv_settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A starter configuration.

    ``text`` is the document, JSON with comments; it holds no password. ``sources`` are the files and environment
    variables that it was made from. ``notes`` are sentences for the terminal: what was left out and what to do.
    """

    text: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]


def starter_document(machine: Machine) -> Started:
    """A configuration with the mirrors that pip and uv use on ``machine``, without pins.

    Nothing that the machine holds makes it fail: what cannot be read or used is left out and noted.
    """
    reading = _Reading(machine)
    pip = pip_settings(reading.pip(), machine.environ, machine.absolute)
    uv = uv_settings(reading.uv(), machine.environ, machine.absolute)
    merged = merge(pip, uv)
    sources = (*reading.paths, *dict.fromkeys(merged.variables))
    return _written(merged, sources, tuple(reading.notes), Naming(machine.environ))


def _written(merged: Merged, sources: tuple[str, ...], unread: tuple[str, ...], naming: Naming) -> Started:
    entries = tuple(entry_of(draft, naming) for draft in merged.mirrors)
    proxy, proxy_notes = proxy_member(merged.proxy, naming) if merged.proxy else (None, ())
    empty = _empty(merged.refusal) if merged.refusal else None
    contents = Contents(
        sources=tuple(printable(source) for source in sources),
        entries=entries,
        strategy=strategy_member(merged.strategy) if merged.strategy else None,
        strategy_comment=_strategy_comment(merged),
        proxy=proxy,
        left_out=(*unread, *merged.left_out),
        empty=empty,
    )
    told = (note for entry in entries for note in entry.notes)
    notes = dict.fromkeys((*unread, *merged.left_out, *told, *proxy_notes, *((empty,) if empty else ())))
    return Started(text=text_of(contents), sources=contents.sources, notes=tuple(notes))


def _empty(refusal: str) -> str:
    return (
        f"No mirror is written, not even the public PyPI: {refusal} keeps it from being asked. Write the URL of your "
        'mirror in urls, such as "https://mirror.example.com/simple".'
    )


def _strategy_comment(merged: Merged) -> str | None:
    """What stands where ``indexStrategy`` would, when it is not written."""
    if merged.strategy:
        return (
            f"{merged.strategy.value} (from {merged.strategy.origin}) has no counterpart here: mirrors are asked in "
            'order, and the first one that has the version is taken. "indexStrategy": "first-index" is stricter.'
        )
    if len(merged.mirrors) > 1:
        return (
            'Add "indexStrategy": "first-index" to ask only the first mirror that knows a project, also for versions '
            "that it lacks."
        )
    return None


class _Reading:
    """The configuration files of a machine: which of them are there, and what could not be read."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.paths: list[str] = []
        self.notes: list[str] = []

    def pip(self) -> list[PipEntry]:
        """The settings of pip's files, the weakest first."""
        machine = self._machine
        chosen = machine.environ.get("PIP_CONFIG_FILE")
        groups = pip_places(
            platform=machine.platform,
            environ=machine.environ,
            home=machine.home,
            prefix=machine.prefix,
            chosen_exists=bool(chosen) and self._is_there(machine.absolute(chosen or "")),
        )
        return [entry for entries in self._first(groups, _parse_pip) for entry in entries]

    def uv(self) -> list[UvFile]:
        """The files of uv, the strongest first."""
        machine = self._machine
        groups = uv_places(platform=machine.platform, environ=machine.environ, home=machine.home, cwd=machine.cwd)
        return self._first(groups, _parse_uv)

    def _first(self, groups: Groups, parse: Callable[[str, Place], T | None]) -> list[T]:
        """Of each group the first file that counts."""
        found: list[T] = []
        for group in groups:
            for place in group:
                parsed = self._parsed(place, parse)
                if parsed is not None:
                    found.append(parsed)
                    break
        return found

    def _parsed(self, place: Place, parse: Callable[[str, Place], T | None]) -> T | None:
        path = self._machine.absolute(place.path)
        try:
            text = self._machine.read(path)
            if text is None:
                self._note_missing(path, place)
                return None
            parsed = parse(text, Place(path=path, scope=place.scope, table=place.table))
        except UnreadableError as error:
            self.notes.append(str(error))
            return None
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text in UTF-8"
            self.notes.append(f"{printable(path)} cannot be read ({why}); its settings are left out.")
            return None
        if parsed is not None:
            self.paths.append(path)
        return parsed

    def _note_missing(self, path: str, place: Place) -> None:
        if place.scope is Scope.CHOSEN:
            self.notes.append(f"{printable(path)}, which the environment names as configuration file, is not there.")

    def _is_there(self, path: str) -> bool:
        try:
            return self._machine.read(path) is not None
        except (OSError, UnicodeError):
            return True


def _parse_pip(text: str, place: Place) -> tuple[PipEntry, ...]:
    return parse_pip(text, place.path)


def _parse_uv(text: str, place: Place) -> UvFile | None:
    return parse_uv(text, place.path, place.table)
