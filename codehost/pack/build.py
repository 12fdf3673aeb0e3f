"""Members to a bare repository: objects into the pack as they come, then trees, commit and references."""

from collections.abc import Iterable
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
from codehost.pack.commit import Metadata, encode_commit, is_metadata, parse_metadata
from codehost.pack.gitfiles import is_harmless, role_in_git
from codehost.pack.objects import EXECUTABLE_MODE, FILE_MODE, LINK_MODE, ObjectType
from codehost.pack.packfile import PackWriter
from codehost.pack.repository import RepositoryWriter
from codehost.pack.tree import Leaf, TreeBuilder, write_tree


def build_repository(members: Iterable[Member], request: IngestRequest) -> IngestReport:
    """Write the repository for ``members`` at ``request.repository`` and make it durable.

    Raises:
        Failure: what reading the members raises, or unsafe-archive when not one file can be stored.
    """
    writer = RepositoryWriter(Path(request.repository))
    with writer.pack() as file:
        pack = PackWriter(file)
        content = _Content(pack)
        for member in members:
            content.add(member)
        commit, tree, files = content.commit(request)
        checksum, packed_bytes = pack.finish()
    writer.finish(checksum=checksum, index=pack.index(checksum), commit=commit, tag=request.tag)
    return IngestReport(
        commit=commit,
        tree=tree,
        files=files,
        unpacked_bytes=content.unpacked_bytes,
        packed_bytes=packed_bytes,
        skipped=content.skipped,
        skips=tuple(content.skips),
    )


# Looking a member of an enumeration up takes longer than a call, and this happens several times for each member.
_FILE, _DIRECTORY, _HARDLINK, _SYMLINK = (
    MemberKind.FILE,
    MemberKind.DIRECTORY,
    MemberKind.HARDLINK,
    MemberKind.SYMLINK,
)
_BLOB = ObjectType.BLOB


class _Content:
    """What becomes of the members of one archive."""

    def __init__(self, pack: PackWriter) -> None:
        self._pack = pack
        self._tree = TreeBuilder()
        self._newest = 0
        self._metadata: tuple[int, bytes, Metadata] | None = None
        self.unpacked_bytes = 0
        self.skipped = 0
        self.skips: list[Skip] = []

    def add(self, member: Member) -> None:
        """Store a member, or note why not."""
        self._newest = max(self._newest, member.mtime)
        if member.kind is _DIRECTORY:
            return
        place = _fault(member) or self._tree.place(member.path)
        if isinstance(place, SkipReason):
            self._skip(member.path, place, member.size)
            return
        leaf = self._leaf(member)
        if leaf is None:
            self._skip(member.path, SkipReason.LINK_TARGET_MISSING, member.size)
        elif (replaced := place.put(leaf)) is not None:
            self._skip(member.path, SkipReason.NAME_CONFLICT, replaced.size)

    def _leaf(self, member: Member) -> Leaf | None:
        if member.kind is _HARDLINK:
            return self._tree.get(member.target)
        if member.kind is _SYMLINK:
            return Leaf(LINK_MODE, b"", len(member.target), member.target)
        content = member.content or b""
        self._note_metadata(member.path, content)
        self.unpacked_bytes += member.size
        name = self._pack.add(_BLOB, content, member.deflated)
        return Leaf(EXECUTABLE_MODE if member.executable else FILE_MODE, name, member.size)

    def _note_metadata(self, path: bytes, content: bytes) -> None:
        if path.endswith((b"PKG-INFO", b"METADATA")) and is_metadata(path):
            # The one nearest to the root counts, the first by name among equals, whatever the archive's order.
            rank = (path.count(b"/"), path)
            if self._metadata is None or rank < self._metadata[:2]:
                self._metadata = (*rank, parse_metadata(content))

    def _skip(self, path: bytes, reason: SkipReason, size: int) -> None:
        self.skipped += 1
        if len(self.skips) < MAX_LISTED_SKIPS:
            self.skips.append(Skip(path=path.decode("utf-8", "backslashreplace"), reason=reason, size=size))

    def commit(self, request: IngestRequest) -> tuple[str, str, int]:
        """Store the trees and the commit; returns the names of the commit and the tree, and the number of files."""
        root, misfits = self._tree.finish()
        for misfit in misfits:
            self._skip(misfit.path, SkipReason.LINK_OUTSIDE, misfit.size)
        written = write_tree(root, self._pack.add)
        if written is None:
            raise Failure(Reason.UNSAFE_ARCHIVE, f"{request.filename} holds no file that can be stored")
        tree = written[0].hex()
        metadata = self._metadata[2] if self._metadata else Metadata()
        commit = encode_commit(tree, metadata, self._newest, request.filename, request.sha256)
        return self._pack.add(ObjectType.COMMIT, commit).hex(), tree, written[1]


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
