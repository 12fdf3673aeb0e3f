"""A document as it is searched."""

from collections.abc import Callable
from dataclasses import dataclass

from codehost.search.query.languages import by_name, language
from codehost.search.query.trigrams import too_many_trigrams

LARGEST = 2 << 20
_SMALLEST = 3
_SCRIPT = b"#!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file of a commit.

    Attributes:
        path: inside the repository.
        content: of the file; of a symbolic link, its target; None: it is not to be searched, being too large to read.
        blob: the name of the object that holds it; empty: unknown.
    """

    path: bytes
    content: bytes | None
    blob: bytes = b""


class Subject:
    """A document while one query is tried on it: what is asked of it more than once is worked out once."""

    __slots__ = ("_content", "_known", "_language", "_ready", "_searchable", "document", "path", "repository")

    def __init__(self, repository: str, document: Document) -> None:
        self.repository = repository.encode(errors="replace")
        self.document = document
        self.path = as_utf8(document.path)
        self._content: bytes | None = None
        self._language: str | None = None
        self._ready = False
        self._searchable: bool | None = None
        self._known: dict[object, bool] = {}

    def once(self, question: object, answer: Callable[[], bool]) -> bool:
        """The answer to a question, which is worked out when it is first asked."""
        if question not in self._known:
            self._known[question] = answer()
        return self._known[question]

    def content(self) -> bytes | None:
        """What is searched, as UTF-8; None: nothing is. May hold too many trigrams: ask ``searchable`` on a match."""
        if not self._ready:
            self._ready = True
            raw = self.document.content
            self._content = as_utf8(raw) if raw is not None and _looks_like_text(raw) else None
        return self._content

    def searchable(self) -> bool:
        """Whether the content is one that an index takes. Costly for a large one: ask it last."""
        if self._searchable is None:
            content = self.content()
            self._searchable = content is not None and not too_many_trigrams(content, self.document.blob)
        return self._searchable

    def language(self) -> str:
        """As Linguist names it; empty: unknown. Of what is not searched, by its name alone."""
        if self._language is None:
            path = self.document.path
            known = by_name(path)
            self._language = language(path, self._script()) if known is None else known
        return self._language

    def _script(self) -> bytes | None:
        """The content of what a first line names the interpreter of; most files need not be counted for that."""
        content = self.content()
        return content if content is not None and content.startswith(_SCRIPT) and self.searchable() else None


def as_utf8(raw: bytes) -> bytes:
    """``raw`` with U+FFFD for each byte that is not UTF-8, as Go reads it: a pattern's ``.`` matches one."""
    if raw.isascii():
        return raw
    try:
        raw.decode()
    except UnicodeDecodeError:
        marked = raw.decode(errors="surrogateescape")
        return "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in marked).encode()
    return raw


def _looks_like_text(content: bytes) -> bool:
    return _SMALLEST <= len(content) <= LARGEST and b"\0" not in content
