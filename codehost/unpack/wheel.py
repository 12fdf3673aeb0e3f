"""Wheels against their RECORD (PyPA: binary distribution format, "Signed wheel files" and "The .dist-info directory").

RECORD lists every file of a wheel with its hash. Installers take the files from the archive whatever it says, so a
wheel that disagrees with its RECORD is not refused: it gets remarks. The members are looked at as they pass, and
nothing is kept of them but their paths, sizes and digests.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from hashlib import new, sha256

from packaging.utils import canonicalize_name

from codehost.model.members import MAX_REMARKS, MIB, Member, MemberKind
from codehost.model.texts import printable
from codehost.unpack.wheelrows import Row, UnreadableRecordError, read_rows
from codehost.unpack.zipnames import place_of

MAX_RECORD_BYTES = 32 * MIB

_RECORD = re.compile(rb"([^/]+)\.dist-info/RECORD\Z")
# RECORD cannot hold its own hash, and its signatures come after it (PEP 815 deprecates them).
_UNHASHED = (b"", b".jws", b".p7s")
_OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|\Z)", re.DOTALL)
# The specification: nothing below sha256; md5, sha1 and sha224 by name.
_STRONG = frozenset({"sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"})
_WEAK = frozenset({"md5", "sha1", "sha224", "sha3_224"})
_SIZE_BYTES = 8
_SHOWN_CHARACTERS = 160
# From here on nobody looks whether the same was said before.
_MAX_REPEATED = 10_000


class _Weight(IntEnum):
    """What is told first when there is not room for all."""

    WHOLE = 0
    DIFFERENT = 1
    EXTRA = 2
    MISSING = 3
    ROW = 4


class WheelRecord:
    """The comparison of one wheel, which is called ``filename``, with its RECORD."""

    def __init__(self, filename: str) -> None:
        project, _, rest = filename.partition("-")
        self._project = canonicalize_name(project)
        self._release = canonicalize_name(f"{project}-{rest.partition('-')[0]}")
        self._seen: dict[bytes, bytes] = {}
        self._records = 0
        self._rank = -1
        self._place = b""
        self._size = 0
        self._content: bytes | None = None

    def watch(self, members: Iterable[Member]) -> Iterator[Member]:
        """The same members; what there is to know of each is noted as it passes."""
        for member in members:
            if member.kind is not MemberKind.DIRECTORY:
                place = place_of(member.path)
                self._seen[place] = _facts(member)
                if found := _RECORD.match(place):
                    self._note_record(place, found[1], member)
            yield member

    def _note_record(self, place: bytes, stem: bytes, member: Member) -> None:
        name = canonicalize_name(stem.decode("utf-8", "backslashreplace"))
        # Installers look for the directory whose name begins with the project's.
        rank = 2 if name == self._release else int(name.startswith(self._project))
        self._records += 1
        if rank > self._rank:
            self._rank, self._place, self._size, self._content = rank, place, member.size, member.content

    def remarks(self, read_again: Callable[[], Iterable[Member]]) -> tuple[str, ...]:
        """Where the wheel and its RECORD disagree, a sentence each; at most ``MAX_REMARKS``, the last one counts.

        ``read_again`` gives the members once more. It is called only if RECORD has hashes by another algorithm than
        sha256: these are rare, and hashing every wheel by all of them would be slow.
        """
        findings = _Findings()
        if not self._records:
            findings.note(_Weight.WHOLE, "The wheel has no RECORD that lists its files.")
            return findings.sentences()
        self._judge_place(findings)
        if self._content is None or self._size > MAX_RECORD_BYTES:
            findings.note(_Weight.WHOLE, f"RECORD is too large to be read ({self._size} bytes): nothing was compared.")
            return findings.sentences()
        rows = _Rows(self._seen, self._place, findings)
        try:
            for row in read_rows(self._content):
                rows.check(row)
        except UnreadableRecordError as error:
            # What is not listed may be listed further down.
            findings.note(_Weight.WHOLE, f"{error}: only what comes before was compared.")
        else:
            rows.check_unlisted()
        if rows.unchecked:
            rows.check_again(read_again())
        return findings.sentences()

    def _judge_place(self, findings: "_Findings") -> None:
        if self._records > 1:
            findings.note(
                _Weight.WHOLE, f"The wheel has {self._records} RECORD files; {{}} was compared.", _text(self._place)
            )
        if not self._rank:
            findings.note(_Weight.WHOLE, "{} does not bear the wheel's name.", _text(self._place))


class _Rows:
    """What the rows of RECORD say, against what was seen in the archive."""

    def __init__(self, seen: dict[bytes, bytes], record: bytes, findings: "_Findings") -> None:
        self._seen = seen
        self._unhashed = frozenset(record + suffix for suffix in _UNHASHED)
        self._findings = findings
        self._listed: set[bytes] = set()
        self.unchecked: dict[bytes, tuple[str, str]] = {}

    def check(self, row: Row) -> None:
        """Compare one row with the archive."""
        if row.fields != 3:
            self._note(_Weight.ROW, f"RECORD has {row.fields} fields for {{}} and not 3.", row)
        place = place_of(row.path.encode())
        facts = None if row.path.endswith("/") else self._seen.get(place)
        if facts is not None:
            self._listed.add(place)
        if _OUTSIDE.match(row.path):
            self._note(_Weight.MISSING, "RECORD lists {}, which would lie outside the wheel.", row)
        elif facts is None:
            # Tolerated: directories. They have no content that could differ.
            if not row.path.endswith("/"):
                self._note(_Weight.MISSING, "RECORD lists {}, which is not in the wheel.", row)
        elif place not in self._unhashed:
            size = int.from_bytes(facts[:_SIZE_BYTES])
            if row.size not in {"", str(size)}:
                self._note(_Weight.DIFFERENT, f"{{}} has {size} bytes, and RECORD says otherwise.", row)
            self._check_hash(row, place, facts[_SIZE_BYTES:])

    def _check_hash(self, row: Row, place: bytes, digest: bytes) -> None:
        if row.algorithm == "sha256":
            if digest and _encoded(digest) != row.digest:
                self._note(_Weight.DIFFERENT, _another("sha256"), row)
        elif not row.algorithm:
            self._note(_Weight.ROW, "RECORD has no hash for {}.", row)
        elif row.algorithm in _STRONG:
            claim = row.algorithm, row.digest
            # One for each file: rows are cheap to write and hashing is not.
            if self.unchecked.setdefault(place, claim) != claim:
                self._note(_Weight.ROW, "RECORD has several hashes for {}.", row)
        elif row.algorithm in _WEAK:
            self._note(_Weight.ROW, f"RECORD's hash of {{}} was not checked: {row.algorithm} is too weak.", row)
        else:
            self._note(_Weight.ROW, "RECORD's hash of {} was not checked: its algorithm is unknown.", row)

    def _note(self, weight: _Weight, sentence: str, row: Row) -> None:
        self._findings.note(weight, sentence, row.path or "a file without a name")

    def check_unlisted(self) -> None:
        """Find what RECORD should have listed, once all of its rows were checked."""
        for place in self._seen:
            if place not in self._listed and place not in self._unhashed:
                self._findings.note(_Weight.EXTRA, "{} is in the wheel and not in its RECORD.", _text(place))

    def check_again(self, members: Iterable[Member]) -> None:
        """Compute the hashes that are not sha256."""
        for member in members:
            place = place_of(member.path)
            claim = self.unchecked.get(place)
            content = _content(member)
            if claim is not None and content is not None and _encoded(new(claim[0], content).digest()) != claim[1]:
                self._findings.note(_Weight.DIFFERENT, _another(claim[0]), _text(place))


class _Findings:
    """Sentences by weight: those that say the same once, and not more than can be told."""

    def __init__(self) -> None:
        self._kept: dict[_Weight, dict[str, None]] = {weight: {} for weight in _Weight}
        self._noted = dict.fromkeys(_Weight, 0)
        self._number = 0

    def note(self, weight: _Weight, sentence: str, path: str = "") -> None:
        """Keep a sentence, in which ``{}`` stands for the path, or only count it."""
        self._noted[weight] += 1
        kept = self._kept[weight]
        # Making a name fit to be shown takes far longer than reading its row.
        if len(kept) >= MAX_REMARKS or self._noted[weight] > _MAX_REPEATED:
            self._number += 1
            return
        made = sentence.format(printable(path, _SHOWN_CHARACTERS))
        self._number += made not in kept
        kept[made] = None

    def sentences(self) -> tuple[str, ...]:
        """The gravest first; the last one counts those that are not there."""
        kept = [sentence for weight in _Weight for sentence in self._kept[weight]]
        if self._number <= MAX_REMARKS:
            return tuple(kept)
        shown = kept[: MAX_REMARKS - 1]
        return (*shown, f"There are {self._number - len(shown)} more remarks of these kinds.")


def _facts(member: Member) -> bytes:
    """The size in 8 bytes, then the sha256, which is missing when the content was not kept."""
    content = _content(member)
    return member.size.to_bytes(_SIZE_BYTES) + (b"" if content is None else sha256(content).digest())


def _content(member: Member) -> bytes | None:
    # Installers make an empty file of an empty member, whatever its mode says.
    return member.content if member.size else b""


def _another(algorithm: str) -> str:
    return f"{{}} has another {algorithm} than RECORD says."


def _encoded(digest: bytes) -> str:
    # The specification: urlsafe_b64encode, without the padding.
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _text(place: bytes) -> str:
    return place.decode("utf-8", "backslashreplace")
