"""The mirrors other than PyPI that pins were locked from, each with the words that warn of leaving it out."""

from collections.abc import Iterable
from dataclasses import dataclass

from codehost.imports.entries import ImportedPin
from codehost.imports.sources import Source
from codehost.model.pins import Release

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignIndex:
    """A mirror other than PyPI, how many ``pins`` come from it, and their projects by name."""

    source: Source
    pins: int
    projects: tuple[str, ...]

    def __str__(self) -> str:
        one = self.pins == 1
        verb = ("comes" if one else "come") if self.source.certain else "may come"
        more = ", ..." if len(self.projects) > _NAMED else ""
        return (
            f"{self.pins} {'pin' if one else 'pins'} {verb} from {self.source.origin} "
            f"({', '.join(self.projects[:_NAMED])}{more}): put that mirror first in urls, or a public release of the "
            "same name may be taken"
        )


def foreign_indexes(pins: Iterable[ImportedPin]) -> tuple[ForeignIndex, ...]:
    """The mirrors of the pins, in the order in which they come up."""
    found: dict[Source, dict[Release, str]] = {}
    for pin in pins:
        for source in pin.sources:
            found.setdefault(source, {})[pin.pin.release] = pin.pin.project
    return tuple(
        ForeignIndex(source=source, pins=len(releases), projects=tuple(dict.fromkeys(releases.values())))
        for source, releases in found.items()
    )
