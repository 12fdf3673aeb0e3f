"""Following files: each is a code host called as the file without its ending; what the file says, it says."""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from codehost.app.hosting import HostError, Hosting
from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.model.records import Source
from codehost.record.agenda import Agenda
from codehost.record.database import Database

ENDINGS = frozenset({".json", ".jsonc", ".json5"})

_LOOK_SECONDS = 2.0
# Every so often each file is read whatever its time says, and what was refused is tried again.
_LOOKS_PER_READING = 15
# An editor that writes a file anew takes the old one away for a moment.
_LOOKS_UNTIL_GONE = 3

log = structlog.get_logger("codehost.worker")


@dataclass(slots=True)
class _Followed:
    """A file. ``stamp`` changes with it, ``digest`` is that of what was taken from it, ``said`` the last trouble."""

    stamp: object = None
    digest: str | None = None
    missed: int = 0
    said: str | None = None


@dataclass(slots=True, kw_only=True)
class Files:
    """Keeps code hosts as files and folders say; of folders every file in JSON that is not hidden.

    ``bell`` is set when somebody asks to look at once.
    """

    database: Database
    hosting: Hosting
    places: Sequence[Path]
    bell: asyncio.Event
    _followed: dict[Path, _Followed] = field(default_factory=dict)
    _looks: int = 0
    _unlisted: set[Path] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until ``stop`` is set.

        Raises:
            UserError: the database is gone.
        """
        while not stop.is_set():
            if self.bell.is_set():
                self.bell.clear()
                self._looks = 0
            await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)

    async def look(self) -> None:
        """Look at every file once.

        Raises:
            UserError: the database is gone.
        """
        whole = self._looks % _LOOKS_PER_READING == 0
        found = await asyncio.to_thread(self._list)
        if whole:
            await self._remember_those_of_earlier_runs()
        for path in found:
            await self._keep(path, self._followed.setdefault(path, _Followed()), whole=whole)
        for path in [path for path in self._followed if path not in found]:
            await self._miss(path, self._followed[path])
        # Only now: whoever failed on the way comes again with the same right.
        self._looks += 1

    def _list(self) -> list[Path]:
        found: list[Path] = []
        for place in self.places:
            try:
                if place.is_dir():
                    inside = sorted(entry for entry in place.iterdir() if _is_document(entry))
                    found += [entry for entry in inside if entry.is_file()]
                    self._unlisted.discard(place)
                elif place.is_file():
                    found.append(place)
                else:
                    self._say_unlisted(place, "does not exist")
            except OSError as error:
                self._say_unlisted(place, f"cannot be read ({error.strerror or error})")
        return found

    def _say_unlisted(self, place: Path, what: str) -> None:
        if place not in self._unlisted:
            self._unlisted.add(place)
            log.error("nothing to follow", action="config_missing", problem=f"{place} {what}")

    async def _remember_those_of_earlier_runs(self) -> None:
        for entry in await Agenda(self.database).read():
            path = Path(entry.source.removeprefix(Source.FILE))
            if entry.source.startswith(Source.FILE) and entry.removed_at is None and self._is_ours(path):
                self._followed.setdefault(path, _Followed())

    def _is_ours(self, path: Path) -> bool:
        return path in self.places or (path.parent in self.places and _is_document(path))

    async def _keep(self, path: Path, followed: _Followed, *, whole: bool) -> None:
        followed.missed = 0
        try:
            data = await asyncio.to_thread(_read_if_changed, path, None if whole else followed.stamp)
        except OSError as error:
            self._say(followed, f"{path} cannot be read ({error.strerror or error}): check its permissions.")
            return
        if data is None:
            return
        stamp, content = data
        digest = hashlib.sha256(content).hexdigest()
        # A file that is as it was is kept anew now and then: somebody may have removed its code host meanwhile.
        if digest != followed.digest or whole:
            try:
                saved = await self.hosting.keep_file(path, content)
            except DatabaseUnavailableError:
                raise
            except UserError as error:
                self._say(followed, str(error))
            else:
                problem = f"{path} has a mistake on {saved.violations[0]}" if saved.violations else None
                self._say(followed, problem)
                if saved.changed:
                    log.info("file taken", action="file_taken", path=str(path))
        followed.stamp, followed.digest = stamp, digest

    async def _miss(self, path: Path, followed: _Followed) -> None:
        # A folder that cannot be listed says nothing of its files.
        if path.parent in self.places and path.parent in self._unlisted:
            return
        followed.missed += 1
        if followed.missed < _LOOKS_UNTIL_GONE:
            return
        with suppress(HostError):
            await self.hosting.remove(path.stem, source=f"{Source.FILE.value}{path}")
            log.warning("file gone", action="file_gone", path=str(path), code_host=path.stem)
        del self._followed[path]

    def _say(self, followed: _Followed, trouble: str | None) -> None:
        if trouble is not None and trouble != followed.said:
            log.error("file not followed", action="file_not_followed", problem=trouble)
        followed.said = trouble


def _is_document(path: Path) -> bool:
    return path.suffix in ENDINGS and not path.name.startswith(".")


def _read_if_changed(path: Path, stamp: object) -> tuple[object, bytes] | None:
    status = path.stat()
    found = (status.st_mtime_ns, status.st_size, status.st_ino)
    return None if found == stamp else (found, path.read_bytes())
