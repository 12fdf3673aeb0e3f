from pathlib import Path

import pygit2
import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import MAX_LISTED_SKIPS, IngestReport, IngestRequest, Limits, Member
from codehost.pack.build import build_repository
from tests.pack.members import device, directory, file, hardlink, symlink


def build(folder: Path, members: list[Member], limits: Limits | None = None) -> IngestReport:
    request = IngestRequest(
        archive="unused",
        filename="p-1.tar.gz",
        sha256="0" * 64,
        repository=str(folder / "r"),
        tag="v1",
        limits=limits or Limits(),
    )
    return build_repository(iter(members), request, lambda: iter(members))


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    repository = pygit2.Repository(str(folder / "r"))

    def below(tree: pygit2.Tree, prefix: str) -> dict[str, tuple[int, bytes]]:
        found: dict[str, tuple[int, bytes]] = {}
        for entry in tree:
            if isinstance(entry, pygit2.Tree):
                found |= below(entry, f"{prefix}{entry.name}/")
            elif isinstance(entry, pygit2.Blob):
                found[f"{prefix}{entry.name}"] = (int(entry.filemode), entry.data)
        return found

    return below(repository.revparse_single("HEAD").peel(pygit2.Tree), "")


def skips(report: IngestReport) -> list[tuple[str, str, int]]:
    return [(skip.path, skip.reason.value, skip.size) for skip in report.skips]


def test_files_links_and_hard_links(tmp_path: Path) -> None:
    report = build(
        tmp_path,
        [
            directory(b"p"),
            file(b"p/a", b"one"),
            file(b"p/run", b"two", executable=True),
            symlink(b"p/d/link", b"../a"),
            hardlink(b"p/same", b"p/run"),
            hardlink(b"./p/d/e/link", b"p/d/link"),
            file(b"p/empty", b""),
        ],
    )
    assert listing(tmp_path) == {
        "a": (0o100644, b"one"),
        "run": (0o100755, b"two"),
        "same": (0o100755, b"two"),
        "d/link": (0o120000, b"../a"),
        "d/e/link": (0o120000, b"../a"),
        "empty": (0o100644, b""),
    }
    assert (report.files, report.unpacked_bytes, report.skipped, report.skips) == (6, 6, 0, ())
    assert report.packed_bytes == next((tmp_path / "r" / "objects" / "pack").glob("*.pack")).stat().st_size


@pytest.mark.parametrize(
    ("member", "skip"),
    [
        (file(b"p/big", None, size=99), ("p/big", "too-large", 99)),
        (file(b"p/../x"), ("p/../x", "unsafe-name", 1)),
        (file(b"p/.git"), ("p/.git", "git-directory", 1)),
        (file(b"p/caf\xe9\n"), ("p/caf\\xe9\n", "unsafe-name", 1)),
        (device(b"p/null"), ("p/null", "device", 0)),
        (symlink(b"p/l", b"/etc"), ("p/l", "link-outside-the-tree", 4)),
        (hardlink(b"p/h", b"p/nowhere"), ("p/h", "link-target-missing", 0)),
        (hardlink(b"p/h", b"p"), ("p/h", "link-target-missing", 0)),
        (hardlink(b"p/h", b"../../etc/passwd"), ("p/h", "link-target-missing", 0)),
        (file(b"p/a/b"), ("p/a/b", "name-conflict", 1)),
        (file(b"p/a", b"another"), ("p/a", "name-conflict", 1)),
        (file(b"p/.gitmodules", b"[submodule"), ("p/.gitmodules", "unsafe-git-metadata", 10)),
        (file(b"p/.gitmodules/f"), ("p/.gitmodules/f", "unsafe-git-metadata", 1)),
        (symlink(b"p/.gitattributes", b"a"), ("p/.gitattributes", "unsafe-git-metadata", 0)),
        (symlink(b"p/.gitignore", b"a"), ("p/.gitignore", "unsafe-git-metadata", 0)),
        (hardlink(b"p/.gitmodules", b"p/a"), ("p/.gitmodules", "unsafe-git-metadata", 0)),
        (hardlink(b"p/.mailmap", b"p/a"), ("p/.mailmap", "unsafe-git-metadata", 0)),
        (hardlink(b"p/gitatt~1", b"p/gitign~1"), ("p/gitatt~1", "link-target-missing", 0)),
    ],
)
def test_skips(tmp_path: Path, member: Member, skip: tuple[str, str, int]) -> None:
    report = build(tmp_path, [file(b"p/a"), member, file(b"p/z")])
    assert skips(report) == [skip]
    assert sorted(listing(tmp_path)) == ["a", "z"]


def test_git_files_may_be_hard_links_of_each_other(tmp_path: Path) -> None:
    report = build(tmp_path, [file(b"p/.gitignore", b"*\n"), hardlink(b"p/d/.gitignore", b"p/.gitignore")])
    assert (report.files, report.skipped) == (2, 0)


def test_of_two_members_with_one_name_the_later_stays(tmp_path: Path) -> None:
    build(tmp_path, [file(b"p/a", b"first"), file(b"./p/a", b"second", executable=True)])
    assert listing(tmp_path) == {"a": (0o100755, b"second")}


def test_listed_skips_are_bounded_and_all_are_counted(tmp_path: Path) -> None:
    report = build(tmp_path, [file(b"a"), *(file(b"/%d" % number) for number in range(MAX_LISTED_SKIPS + 5))])
    assert (report.skipped, len(report.skips)) == (MAX_LISTED_SKIPS + 5, MAX_LISTED_SKIPS)


@pytest.mark.parametrize(
    "members", [[], [directory(b"p")], [file(b"/a")], [symlink(b"l", b"..")], [file(b"a", None, size=9)]]
)
def test_nothing_to_store_is_a_failure(tmp_path: Path, members: list[Member]) -> None:
    with pytest.raises(Failure, match=r"p-1\.tar\.gz holds no file") as caught:
        build(tmp_path, members)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


def commit_of(folder: Path) -> pygit2.Commit:
    return pygit2.Repository(str(folder / "r")).revparse_single("HEAD").peel(pygit2.Commit)


@pytest.mark.parametrize("order", [1, -1])
def test_the_metadata_nearest_to_the_root_names_the_author(tmp_path: Path, order: int) -> None:
    members = [
        file(b"PKG-INFO", b"Author: Root\n"),
        file(b"a/PKG-INFO", b"Author: A\n"),
        file(b"b/PKG-INFO", b"Author: B\n"),
    ]
    build(tmp_path, members[::order])
    assert commit_of(tmp_path).author.name == "Root"


def test_the_date_is_that_of_the_newest_member(tmp_path: Path) -> None:
    build(tmp_path, [file(b"a")._replace(mtime=5), directory(b"d", mtime=9), file(b"/skipped")._replace(mtime=12)])
    assert commit_of(tmp_path).commit_time == 12


def objects(folder: Path) -> int:
    return len(list(pygit2.Repository(str(folder / "r"))))


@pytest.mark.parametrize(
    ("members", "tree", "left_out"),
    [
        ([file(b"p/a", b"1"), file(b"p/b"), file(b"p/a", b"2")], {"a": b"2", "b": b"x"}, [("p/a", "name-conflict", 1)]),
        (
            [file(b"p/a", b"1"), file(b"p/b"), symlink(b"p/a", b"b")],
            {"a": b"b", "b": b"x"},
            [("p/a", "name-conflict", 1)],
        ),
        (
            [symlink(b"p/a", b"c"), file(b"p/b"), symlink(b"p/a", b"b")],
            {"a": b"b", "b": b"x"},
            [("p/a", "name-conflict", 1)],
        ),
        # Others hold the same content.
        (
            [file(b"p/a", b"1"), file(b"p/b", b"1"), file(b"p/a", b"2")],
            {"a": b"2", "b": b"1"},
            [("p/a", "name-conflict", 1)],
        ),
        (
            [file(b"p/a", b"1"), hardlink(b"p/b", b"p/a"), symlink(b"p/a", b"b")],
            {"a": b"b", "b": b"1"},
            [("p/a", "name-conflict", 1)],
        ),
        # A later one that is left out takes the earlier one with it.
        (
            [file(b"p/a", b"1"), file(b"p/b"), file(b"p/a", None, size=9)],
            {"b": b"x"},
            [("p/a", "too-large", 9), ("p/a", "name-conflict", 1)],
        ),
        (
            [file(b"p/a", b"1"), file(b"p/b"), file(b"p/../p/a", b"2")],
            {"b": b"x"},
            [("p/../p/a", "unsafe-name", 1), ("p/../p/a", "name-conflict", 1)],
        ),
        (
            [file(b"p/a", b"1"), file(b"p/b"), file(b"/p/a", b"2")],
            {"b": b"x"},
            [("/p/a", "unsafe-name", 1), ("/p/a", "name-conflict", 1)],
        ),
        (
            [file(b"p/a", b"1"), file(b"p/b"), hardlink(b"p/a", b"p/nowhere")],
            {"b": b"x"},
            [("p/a", "link-target-missing", 0), ("p/a", "name-conflict", 1)],
        ),
        (
            [file(b"p/.gitmodules", b""), file(b"p/b"), file(b"p/.gitmodules", b"[")],
            {"b": b"x"},
            [("p/.gitmodules", "unsafe-git-metadata", 1), ("p/.gitmodules", "name-conflict", 0)],
        ),
        (
            [file(b"p/a", b"1"), file(b"p/b"), symlink(b"p/a", b"/etc")],
            {"b": b"x"},
            [("p/a", "name-conflict", 1), ("p/a", "link-outside-the-tree", 4)],
        ),
    ],
)
def test_nothing_of_a_replaced_member_is_left(
    tmp_path: Path, members: list[Member], tree: dict[str, bytes], left_out: list[tuple[str, str, int]]
) -> None:
    report = build(tmp_path, members)
    found = listing(tmp_path)
    assert ({path: content for path, (_, content) in found.items()}, skips(report)) == (tree, left_out)
    assert objects(tmp_path) == len(set(tree.values())) + 2


def test_the_members_are_read_again_only_if_something_is_left(tmp_path: Path) -> None:
    def never() -> list[Member]:
        raise AssertionError

    request = IngestRequest(
        archive="unused", filename="p", sha256="0", repository=str(tmp_path / "r"), tag="v1", limits=Limits()
    )
    build_repository([file(b"a", b"1"), file(b"a", b"2"), file(b"b", b"1"), file(b"b", b"1")], request, never)
    assert objects(tmp_path) == 4


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([file(b"p/a"), symlink(b"p/l", b"a"), file(b"p/l")], "p/l is in the archive as a link and once more"),
        ([file(b"p/a"), symlink(b"p/l", b"a"), file(b"p/l", None, size=9)], "p/l is in the archive as a link"),
        ([file(b"p/a"), hardlink(b"p/h", b"p/a"), file(b"p/h", b"y")], "p/h is in the archive as a link"),
        ([file(b"p/a"), hardlink(b"p/h", b"p/a"), file(b"p/a", b"y")], "p/a is in the archive as a link"),
        (
            [file(b"p/a"), hardlink(b"p/h", b"p/a"), file(b"./p/x/../h", b"y")],
            r"p/x/\.\./h is in the archive as a link",
        ),
        (
            [file(b"p/d/a"), symlink(b"p/l", b"d"), file(b"p/l/a", b"y")],
            "the way to p/l/a in the archive leads through",
        ),
        ([file(b"p/d/a"), symlink(b"p/l", b"d"), device(b"p/l/a")], "the way to p/l/a in the archive leads through"),
        ([file(b"p/d/a"), symlink(b"p/l", b"d"), hardlink(b"p/h", b"p/l/a")], "the way to p/l/a in the archive leads"),
        ([file(b"p/a"), directory(b"p/a")], "p/a is in the archive as a directory"),
        ([file(b"p/a"), symlink(b"p/l", b"."), directory(b"./p/l")], "p/l is in the archive as a directory"),
        ([file(b"p/a"), symlink(b"p/l", b"."), directory(b"p/l/d")], "the way to p/l/d in the archive leads"),
        ([file(b"p/d/a"), file(b"p/d\\a")], r"p/d\\a has another name where"),
        ([file(b"p\\d/a"), file(b"p/d/a")], r"p\\d/a has another name where"),
        ([file(b"p/a"), symlink(b"p\\x\\..\\a", b"z")], "has another name where"),
    ],
)
def test_what_depends_on_the_unpacker_is_refused(tmp_path: Path, members: list[Member], message: str) -> None:
    with pytest.raises(Failure, match=message) as caught:
        build(tmp_path, members)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


def test_a_backslash_without_a_twin_is_only_left_out(tmp_path: Path) -> None:
    report = build(tmp_path, [directory(b"p/d"), file(b"p/d/a"), file(b"p\\d\\b"), file(b"p\\d"), directory(b"p/d")])
    assert skips(report) == [("p\\d\\b", "unsafe-name", 1), ("p\\d", "unsafe-name", 1)]
    assert list(listing(tmp_path)) == ["d/a"]


def test_a_member_twice_the_same_is_nothing_special(tmp_path: Path) -> None:
    members = [file(b"p/a"), hardlink(b"p/h", b"p/a"), file(b"p/a"), file(b"p/h"), hardlink(b"p/a", b"p/a")]
    assert build(tmp_path, members).skipped == 0


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(directories=3), r"more than 3 directories \(limits\.directories\)"),
        (Limits(name_bytes=26), r"names in the archive take more than 26 bytes \(limits\.nameBytes\)"),
    ],
)
def test_limits(tmp_path: Path, limits: Limits, message: str) -> None:
    members = [directory(b"p"), file(b"p/a/b/c/f"), symlink(b"p/a/b/l", b"../../x"), file(b"p/g")]
    with pytest.raises(Failure, match=message) as caught:
        build(tmp_path, members, limits)
    assert caught.value.reason is Reason.TOO_LARGE
    (tmp_path / "fits").mkdir()
    assert build(tmp_path / "fits", members, Limits(directories=4, name_bytes=27)).files == 3


def test_hard_links_count_as_what_they_show(tmp_path: Path) -> None:
    members = [file(b"p/a", b"one"), hardlink(b"p/b", b"p/a")]
    with pytest.raises(Failure, match=r"more than 5 bytes \(limits\.unpackedBytes\)") as caught:
        build(tmp_path, members, Limits(unpacked_bytes=5))
    assert caught.value.reason is Reason.TOO_LARGE
    (tmp_path / "fits").mkdir()
    assert build(tmp_path / "fits", members, Limits(unpacked_bytes=6)).unpacked_bytes == 3


def test_what_a_skip_shows_is_bounded(tmp_path: Path) -> None:
    report = build(tmp_path, [file(b"a"), file(b"\xff" * (1 << 20)), file(b"x/" * (1 << 19) + b"y")])
    assert [(skip.path, skip.reason.value) for skip in report.skips] == [
        ("\\xff" * 1000 + "…", "unsafe-name"),
        ("x/" * 500 + "…", "unsafe-name"),
    ]


def test_the_metadata_of_a_replaced_member_names_nobody(tmp_path: Path) -> None:
    build(tmp_path, [file(b"PKG-INFO", b"Author: First\n"), file(b"PKG-INFO", b"Author: Second\n")])
    assert commit_of(tmp_path).author.name == "Second"
