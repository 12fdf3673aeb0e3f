"""Bounds on what a page shows and on what making pages takes."""

from dataclasses import dataclass

from codehost.model.members import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLimits:
    """Sizes in bytes, times in seconds, lengths of lines in characters.

    Attributes:
        highlighted_bytes: larger files are shown without colours.
        shown_bytes: larger files are not shown, but linked to.
        shown_lines: files of more lines are not shown either.
        highlighted_line: with a longer line, a file is shown without colours.
        shown_line: what is beyond it of a line is left out.
        highlighting_seconds: files whose colours take longer are shown without.
        highlighters: processes that find colours.
        kept_characters: colours that are kept in memory for the next reader.
        entries: of a directory on one page.
        skips: shown of a release.
        readers: threads that read repositories.
        waiting: requests that may wait for one; more are told to come again.
        held_bytes: of raw files on their way to clients.
        slowest: bytes a second; whoever takes a raw file more slowly is hung up on.
        search_context: lines shown before and after one that a search has found.
        search_seconds: a search takes at most so long.
        search_patience: before a search's page begins without any result, so that what is wrong with it is its status.
    """

    highlighted_bytes: int = MIB // 2
    shown_bytes: int = 8 * MIB
    shown_lines: int = 50_000
    highlighted_line: int = 5_000
    shown_line: int = 10_000
    highlighting_seconds: float = 5.0
    highlighters: int = 2
    kept_characters: int = 32 * MIB
    entries: int = 1_000
    skips: int = 200
    readers: int = 4
    waiting: int = 64
    held_bytes: int = 256 * MIB
    slowest: int = 32_768
    search_context: int = 1
    search_seconds: float = 20.0
    search_patience: float = 0.5
