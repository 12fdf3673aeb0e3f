"""Members to a bare repository: objects into the pack as they come, then trees, commit and references."""

from collections.abc import Callable, Iterable
from io import BufferedRandom
from pathlib import Path

from codehost.model.errors import Failure, Reason
from codehost.model.members import (
    MAX_LISTED_SKIPS,
    IngestReport,
    IngestRequest,
    Member,
    MemberKind,
    Skip,
    SkipReason,
)
from codehost.model.texts import printable
from codehost.pack.commit import Metadata, encode_commit, is_metadata, parse_metadata
from codehost.pack.gitfiles import is_harmless, role_in_git
from codehost.pack.nodes import Leaf, Node
from codehost.pack.objects import EXECUTABLE_MODE, FILE_MODE, LINK_MODE, ObjectType, object_name
from codehost.pack.packfile import PackWriter
from codehost.pack.repository import RepositoryWriter
from codehost.pack.tree import Place, TreeBuilder, blobs_of_files, write_tree

# A path has no more bytes than this if it leads anywhere; what a skip shows of it is for people.
_SHOWN_BYTES = 1000
_SHOWN_CHARACTERS = 200

# Looking a member of an enumeration up takes longer than a call, and this happens several times for each member.
_FILE, _DIRECTORY, _HARDLINK, _SYMLINK = (
    MemberKind.FILE,
    MemberKind.DIRECTORY,
    MemberKind.HARDLINK,
    MemberKind.SYMLINK,
)
_BLOB = ObjectType.BLOB


def build_repository(
    members: Iterable[Member], request: IngestRequest, again: Callable[[], Iterable[Member]]
) -> IngestReport:
    """Write the repository for ``members`` at ``request.repository`` and make it durable.

    ``again`` gives the same members once more. It is called only if some replaced others: the pack is then written
    anew without the objects of those, because nothing in a published pack may be out of reach of its commit.

    Raises:
        Failure: what reading the members raises; unsafe-archive when not one file can be stored, or when it depends
            on the unpacker what a file holds; too-large beyond ``limits.directories`` or ``limits.name_bytes``.
    """
    writer = RepositoryWriter(Path(request.repository))
    with writer.pack() as file:
        content = _fill(file, members, request, None)
        wanted = content.reachable()
        if wanted is not None:
            del content  # an archive may need all the memory that there is, but only once
            file.seek(0)
            file.truncate()
            content = _fill(file, again(), request, wanted)
        checksum, packed_bytes = content.pack.finish()
    writer.finish(checksum=checksum, index=content.pack.index(checksum), commit=content.commit, tag=request.tag)
    return content.report(packed_bytes)


def _fill(
    file: BufferedRandom, members: Iterable[Member], request: IngestRequest, wanted: frozenset[bytes] | None
) -> "_Content":
    content = _Content(PackWriter(file), request, wanted)
    for member in members:
        content.add(member)
    content.close()
    return content


class _Content:
    """What becomes of the members of one archive. Of files only the ``wanted`` blobs are stored, if that is given."""

    def __init__(self, pack: PackWriter, request: IngestRequest, wanted: frozenset[bytes] | None) -> None:
        self.pack = pack
        self._request = request
        self._wanted = wanted
        self._tree = TreeBuilder(request.limits.directories)
        self._root: Node = {}
        self._newest = 0
        self._name_bytes = request.limits.name_bytes
        self._metadata: tuple[int, bytes, Metadata] | None = None
        # Names of one file: writing to the one changes the others.
        self._shared: set[tuple[int, bytes]] = set()
        self._replaced: set[bytes] = set()
        # Paths that were left out, and are others to readers that take backslashes for slashes.
        self._backslashed: list[bytes] = []
        self._unpacked_bytes = 0
        # Stored once, but whoever checks the repository out writes each file.
        self._linked_bytes = 0
        self._skipped = 0
        self._skips: list[Skip] = []
        self._tree_name = ""
        self._files = 0
        self.commit = ""

    def add(self, member: Member) -> None:
        """Store a member, or note why not."""
        self._newest = max(self._newest, member.mtime)
        self._name_bytes -= len(member.path) + len(member.target)
        if self._name_bytes < 0:
            raise Failure(
                Reason.TOO_LARGE,
                f"the names in the archive take more than {self._request.limits.name_bytes} bytes (limits.nameBytes)",
            )
        if member.kind is _DIRECTORY:
            self._pass_directory(member)
            return
        place = _fault(member) or self._tree.place(member.path)
        if isinstance(place, SkipReason):
            self._leave_out(member, place)
            return
        leaf = self._link_to_file(member, place) if member.kind is _HARDLINK else self._leaf(member)
        if leaf is None:
            self._leave_out(member, SkipReason.LINK_TARGET_MISSING)
        elif (before := place.put(leaf)) is not None:
            self._note_replaced(member, place, before)

    def _pass_directory(self, member: Member) -> None:
        # tarfile keeps the file or link that is there, GNU tar puts the directory in its place.
        if self._tree.reach(member.path) is not None:
            raise _ambiguous(
                member.path,
                "is in the archive as a directory, and before that as something else: which of the two stays depends "
                "on who unpacks it",
            )

    def _leaf(self, member: Member) -> Leaf:
        if member.kind is _SYMLINK:
            return Leaf(LINK_MODE, b"", len(member.target), member.target)
        content = member.content or b""
        self._note_metadata(member.path, content)
        self._unpacked_bytes += member.size
        name = self._store(content, member.deflated)
        return Leaf(EXECUTABLE_MODE if member.executable else FILE_MODE, name, member.size)

    def _store(self, content: bytes, deflated: bytes | None) -> bytes:
        if self._wanted is not None:
            name = object_name(_BLOB, content)
            if name not in self._wanted:
                return name
        return self.pack.add(_BLOB, content, deflated)

    def _link_to_file(self, member: Member, place: Place) -> Leaf | None:
        # Absolute targets are outside for all who unpack.
        named = None if member.target.startswith(b"/") else self._tree.reach(member.target)
        if named is None:
            return None
        if named.key() != place.key():
            self._shared |= {named.key(), place.key()}
        leaf = named.leaf()
        self._linked_bytes += leaf.size
        limit = self._request.limits.unpacked_bytes
        if self._unpacked_bytes + self._linked_bytes > limit:
            what = f"files and hard links together have more than {limit} bytes (limits.unpackedBytes)"
            raise Failure(Reason.TOO_LARGE, what)
        return leaf

    def _leave_out(self, member: Member, reason: SkipReason) -> None:
        self._skip(member.path, reason, member.size)
        if b"\\" in member.path:
            self._backslashed.append(member.path)
        # Installers unpack what is left out here, and find it where an earlier member was.
        place = self._tree.reach(member.path)
        if place is not None:
            self._note_replaced(member, place, place.take())

    def _note_replaced(self, member: Member, place: Place, before: Leaf) -> None:
        # tarfile (and so pip) writes into the file that is there, others make a new one.
        if member.kind in {_FILE, _HARDLINK} and (before.is_link or place.key() in self._shared):
            raise _ambiguous(
                member.path,
                "is in the archive as a link and once more: what the link's target holds then depends on who unpacks "
                "it",
            )
        if not before.is_link:
            self._replaced.add(before.name)
        self._skip(member.path, SkipReason.NAME_CONFLICT, before.size)

    def _note_metadata(self, path: bytes, content: bytes) -> None:
        if path.endswith((b"PKG-INFO", b"METADATA")) and is_metadata(path):
            # The one nearest to the root counts, the first by name among equals, whatever the archive's order.
            rank = (path.count(b"/"), path)
            if self._metadata is None or rank <= self._metadata[:2]:
                self._metadata = (*rank, parse_metadata(content))

    def _skip(self, path: bytes, reason: SkipReason, size: int) -> None:
        self._skipped += 1
        if len(self._skips) < MAX_LISTED_SKIPS:
            self._skips.append(Skip(path=_shown(path), reason=reason, size=size))

    def close(self) -> None:
        """Store the trees and the commit."""
        self._check_backslashed()
        self._root, left_out = self._tree.finish()
        for path, size, reason in left_out:
            self._skip(path, reason, size)
        written = write_tree(self._root, self.pack.add)
        if written is None:
            raise Failure(Reason.UNSAFE_ARCHIVE, f"{self._request.filename} holds no file that can be stored")
        self._tree_name, self._files = written[0].hex(), written[1]
        metadata = self._metadata[2] if self._metadata else Metadata()
        commit = encode_commit(self._tree_name, metadata, self._newest, self._request.filename, self._request.sha256)
        self.commit = self.pack.add(ObjectType.COMMIT, commit).hex()

    def _check_backslashed(self) -> None:
        # All readers on Windows, and libarchive everywhere, put such a member where its twin is.
        for path in self._backslashed:
            if self._tree.reach(path.replace(b"\\", b"/")) is not None:
                raise _ambiguous(
                    path,
                    "has another name where backslashes are slashes, and another member has that: which of the two "
                    "stays depends on who unpacks them",
                )

    def report(self, packed_bytes: int) -> IngestReport:
        """What to tell of the closed repository."""
        return IngestReport(
            commit=self.commit,
            tree=self._tree_name,
            files=self._files,
            unpacked_bytes=self._unpacked_bytes,
            packed_bytes=packed_bytes,
            skipped=self._skipped,
            skips=tuple(self._skips),
        )

    def reachable(self) -> frozenset[bytes] | None:
        """Once closed: the blobs of all files if others are in the pack as well, else None."""
        if not self._replaced:
            return None
        blobs = frozenset(blobs_of_files(self._root))
        return None if self._replaced <= blobs else blobs


def _ambiguous(path: bytes, what: str) -> Failure:
    return Failure(Reason.UNSAFE_ARCHIVE, f"{printable(_shown(path), _SHOWN_CHARACTERS)} {what}")


def _shown(path: bytes) -> str:
    text = path[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return text if len(path) <= _SHOWN_BYTES else f"{text}…"


def _fault(member: Member) -> SkipReason | None:
    """Why a member cannot be stored wherever it lies."""
    if member.kind is MemberKind.DEVICE:
        return SkipReason.DEVICE
    role = role_in_git(member.path.rpartition(b"/")[2])
    if member.kind is _FILE:
        if member.content is None:
            return SkipReason.TOO_LARGE
        return SkipReason.GIT_METADATA if role and not is_harmless(role, member.content) else None
    if member.kind is _HARDLINK and role == role_in_git(member.target.rpartition(b"/")[2]):
        return None  # what it names was judged under the same role
    # git follows no link that stands for one of its own files, and fsck refuses it.
    return SkipReason.GIT_METADATA if role else None
