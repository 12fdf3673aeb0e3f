"""Names that try to be a git directory, or to lead elsewhere: what git thinks of what is left of them."""

import random
import subprocess
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pytest

from codehost.model.members import IngestReport, IngestRequest, Limits, Member, SkipReason
from codehost.pack.build import build_repository
from tests.git.reading import fsck, git, read_by_git, shown
from tests.pack.members import file, symlink

UNSAFE, GIT, METADATA = SkipReason.UNSAFE_NAME, SkipReason.GIT_DIRECTORY, SkipReason.GIT_METADATA
# git's utf8.c: what HFS+ leaves out.
HFS_IGNORED = [chr(code) for code in (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)]
PROTECTED = ("-c", "core.protectNTFS=true", "-c", "core.protectHFS=true")


def cased(name: str) -> set[str]:
    """Every way to write a name in capitals and small letters."""
    forms = {""}
    for char in name:
        forms = {form + variant for form in forms for variant in {char.lower(), char.upper()}}
    return forms


GIT_NAMES = {
    *(name.encode() for name in cased(".git") | cased("git~1")),
    *(
        (name[:at] + char + name[at:]).encode()
        for char in HFS_IGNORED
        for name in (".git", "git~1")
        for at in range(len(name) + 1)
    ),
    *(b".git" + end for end in (b".", b" ", b"..", b" . ", b":", b":x", b"::$INDEX_ALLOCATION", b" :x", b".:$DATA")),
    *(b"git~1" + end for end in (b".", b" ", b":x", b". .", b"::$INDEX_ALLOCATION")),
    *(b".git" + end for end in (b"\xff", b"\xffx", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80")),
    *(f".git{end}".encode() for end in ("\uffff", "\ufffex", "\u00ad", "\u034f", "\u2060", "\ufe0f", "\U000e0020")),
    *(b".\xc1\xa7it", b"\xc0\xaegit", b".g\xe0\x81\xa9t", b".gi\xf0\x80\x81\xb4"),
}
UNSAFE_NAMES = {
    *(b"..", b".. ", b"..:x", b"\xc0\xae\xc0\xae", b"C:", b"c:x", b"x" * 256, "é".encode() * 128),
    *(b"a%cb" % code for code in (*range(1, 0x20), 0x7F, ord("\\"))),
    *(b"\\", b"..\\..\\x", b"\\\\host\\share", b"a\\.git", b".git\\config", b"\\\\?\\C:\\x"),
}
METADATA_NAMES = {
    *(b".gitmodules", b".GITMODULES", b".gitmodules ", b".gitmodules:x", b".gitmodules\xff", b"gitmod~1", b"GITMOD~4"),
    *(b"gi7eba~1", b"gi7eb~12", b"~1234567", b"g~123456.", b"gitatt~1", b"gitign~2", b"mailma~3", b"maba30~9"),
    *(".gitmodule\u017f".encode(), ".git\u200cmodules".encode(), b".gitmodule\xc1\xb3"),
}
# What only looks like one of those, and what real archives hold.
FINE_NAMES = {
    *(
        b"git",
        b".gitx",
        b"x.git",
        b"git~2",
        b"git~10",
        b"git~",
        b".git~1",
        b"..git",
        b".gi",
        b"-git",
        b".git-",
        b"....",
    ),
    *("\uff0egit".encode(), "\uff47it~1".encode(), ".g\u0131t".encode(), ".git_\ufffd".encode()),
    *(b"a b", b" a", b"a ", b"a.", b"name:stream", b"::1", b"con", b"NUL.txt", b"aux", b"com1", b"lpt1.c", b"CONIN$"),
    *(
        b"caf\xe9",
        b".\xe9",
        b"..\xff",
        b"\xc0\xb4\xc1\xa6",
        b"\x83\x65\x83\x58",
        b"\xff\xfe",
        b"a\x85",
        "a\u0085\u2028\u202eb".encode(),
    ),
    *(b"*?<>|\"'`$&;()[]{}!#%^=+~,@", b"-rf", b"--", b"x" * 255, "日本語".encode(), "\U0001f40d.py".encode()),
    *(b".gitkeep", b".github", b".gitattributes", b".gitignore", b".mailmap", b"gitmodules", b"gitmod~x"),
}
PIECES = (
    *(
        b".git",
        b".GIT",
        b"git",
        b"Git",
        b"g",
        b"i",
        b"t",
        b"I",
        b".",
        b".",
        b"..",
        b" ",
        b":",
        b"~",
        b"~1",
        b"~2",
        b"1",
    ),
    *(b"\\", b"\n", b"\x7f", b"\x01", b"C:", b"$DATA", b"modules", b"attributes", b"ignore", b".mailmap", b"gi7eba"),
    *(
        b"gitmod",
        b"mailma",
        b"\xff",
        b"\xc1\xa7",
        b"\xc0\xae",
        b"\xe0\x81\xa9",
        b"\xed\xa0\x80",
        b"\xf0\x9f",
        b"x",
        b"_",
    ),
    *(char.encode() for char in ("\u200c", "\u202e", "\ufeff", "\u206f", "\u00ad", "\ufe0f", "\uffff", "\ufffd")),
    *(char.encode() for char in ("\u017f", "\u0130", "\u0131", "\u212a", "\uff0e", "\uff27", "\u0301", "\u00e9")),
)


def publish(folder: Path, members: Iterable[Member]) -> IngestReport:
    listed = list(members)
    request = IngestRequest(
        archive="unused",
        filename="p-1.tar.gz",
        sha256="0" * 64,
        repository=str(folder),
        tag="v1",
        limits=Limits(),
    )
    return build_repository(listed, request, lambda: listed)


def complaints(repository: Path) -> str:
    """What git has against the objects, against what cannot be reached, and against checking them out anywhere."""
    loose = git(repository, "fsck", "--strict", "--unreachable", "--dangling", "--no-reflogs", "--no-progress")
    read = git(repository, *PROTECTED, "read-tree", "HEAD")
    return fsck(repository) + (loose.stdout + loose.stderr + read.stderr).decode(errors="replace")


def test_every_hostile_name_is_left_out_with_its_reason(tmp_path: Path) -> None:
    members = [
        make(b"p/%s/%d/%b" % (label, number, name), b"..")
        for label, names in ((b"g", GIT_NAMES), (b"u", UNSAFE_NAMES), (b"m", METADATA_NAMES))
        for number, name in enumerate(sorted(names))
        for make in (file, symlink)
    ]
    members += [file(b"p/%b/%b/f" % (label, name)) for label in (b"x", b"y") for name in sorted(GIT_NAMES)]
    report = publish(tmp_path / "r.git", [*members, *(file(b"p/fine/" + name, b"*\n") for name in sorted(FINE_NAMES))])
    assert complaints(tmp_path / "r.git") == ""
    fine = {name.removeprefix(b"fine/") for name in read_by_git(tmp_path / "r.git")}
    assert fine == FINE_NAMES
    reasons = {b"g": GIT, b"u": UNSAFE, b"m": METADATA, b"x": GIT, b"y": GIT}
    assert [(skip.path, skip.reason) for skip in report.skips] == [
        (shown(member.path), reasons[member.path.split(b"/")[1]]) for member in members
    ]
    assert report.skipped > 500


@pytest.mark.parametrize("name", [b".GIT", b"git~1 ", ".g\u200cit".encode(), b".git\xffx", b".git::$INDEX_ALLOCATION"])
def test_the_judge_refuses_what_should_never_get_there(tmp_path: Path, name: bytes) -> None:
    repository = tmp_path / "r.git"
    report = publish(repository, [file(b"a")])
    blob = git(repository, "rev-parse", "HEAD:a").stdout.strip()
    entry = b"100644 " + name + b"\0" + bytes.fromhex(blob.decode())
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--stdin", "--literally"],
        cwd=repository,
        input=entry,
        capture_output=True,
        check=True,
    )
    assert git(repository, *PROTECTED, "read-tree", report.tree).returncode == 0
    assert git(repository, *PROTECTED, "read-tree", made.stdout.decode().strip()).returncode != 0


def pieced(seed: int, number: int) -> set[bytes]:
    source = random.Random(seed)
    return {b"".join(source.choices(PIECES, k=source.randint(1, 5))) for _ in range(number)} - {b".", b""}


def variant(number: int, name: bytes) -> Member:
    """The name as a file, as a directory, or as a link; a few in one directory."""
    path = b"p/%d/%d/" % (number % 3, number // 30)
    if number % 3 == 0:
        return file(path + name)
    return file(path + name + b"/f") if number % 3 == 1 else symlink(path + name, b"f")


def distinct(members: Iterable[Member]) -> list[Member]:
    """The members less those whose name another spelling has: that is the subject of other tests."""
    kept: dict[str, Member] = {}
    for member in members:
        text = member.path.decode("utf-8", "surrogateescape").casefold()
        kept.setdefault(unicodedata.normalize("NFD", text), member)
    paths = {member.path.rstrip(b"/") for member in kept.values()}
    return [member for member in kept.values() if not has_twin(member.path, paths)]


def has_twin(path: bytes, paths: set[bytes]) -> bool:
    """Whether a path leads to one of the others, or through it, where backslashes are slashes."""
    parts = [part for part in path.replace(b"\\", b"/").split(b"/") if part not in {b"", b"."}]
    return b"\\" in path and any(b"/".join(parts[:count]) in paths for count in range(1, len(parts) + 1))


@pytest.mark.parametrize("seed", [1, 2])
def test_random_names_leave_a_repository_that_git_likes(tmp_path: Path, seed: int) -> None:
    members = distinct(variant(number, name) for number, name in enumerate(sorted(pieced(seed, 5000))))
    report = publish(tmp_path / "r.git", members)
    assert complaints(tmp_path / "r.git") == ""
    found = {b"p/" + name for name in read_by_git(tmp_path / "r.git")}
    left_out = {skip.path for skip in report.skips}
    assert {member.path for member in members if shown(member.path) not in left_out} == found
    assert len(members) == len(found) + len(left_out)
    assert min(len(found), len(left_out)) > 500
