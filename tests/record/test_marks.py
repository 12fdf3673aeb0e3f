"""What a page says of a release, and what of it is new."""

from dataclasses import dataclass, field, replace

import pytest

from codehost.model.releases import DistributionFile, FileKind
from codehost.record.marks import Marked, Marks, WatchedRelease, all_gone, compare

SHA256, OTHER = "ab" * 32, "cd" * 32
MD5 = "12" * 16
PLAIN = Marks()

RELEASE = WatchedRelease(
    release_id=1,
    project="six",
    version="1",
    repository="python/six/1.0",
    mirror="https://m.example/simple",
    page_url="https://m.example/simple/six/",
    file_name="six-1.0.tar.gz",
    sha256=SHA256,
    hashes={"md5": MD5},
    commit="c" * 40,
    synced_at=1,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    quarantined: bool = False
    files: dict[str, tuple[DistributionFile, ...]] = field(default_factory=dict)


def file(
    name: str = "six-1.0.tar.gz", hashes: dict[str, str] | None = None, yanked: str | None = None
) -> DistributionFile:
    known = {"sha256": SHA256} if hashes is None else hashes
    return DistributionFile(filename=name, url="u", kind=FileKind.SDIST, version="1", hashes=known, yanked=yanked)


def listing(*files: DistributionFile, version: str = "1") -> Page:
    return Page(files={version: files})


def alarm(name: str, new: str, old: str) -> Marks:
    sentence = (
        f"The mirror now offers six-1.0.tar.gz with the {name} {new}, recorded is {old}:"
        " find out why before you trust either; the repository is as it was."
    )
    return Marks(alarm=sentence)


AS_BEFORE = [
    (PLAIN, listing(file())),
    (PLAIN, listing(file("six-1.0-py3-none-any.whl", {"sha256": OTHER}), file())),
    # A page that has no digest, or one that was never recorded, says nothing of the bytes.
    (PLAIN, listing(file(hashes={}))),
    (PLAIN, listing(file(hashes={"blake2b": OTHER}))),
    (PLAIN, listing(file(hashes={"md5": MD5}))),
    # The mirror spells the name anew; the bytes are the same.
    (PLAIN, listing(file("Six-1.0.tar.gz"))),
    (Marks(yanked="bad"), listing(file(yanked="bad"))),
    (Marks(yanked=""), listing(file(yanked=""))),
    (Marks(gone=True), listing(file(), version="2")),
    (Marks(gone=True), listing(file("six-1.0.zip", {}))),
    (Marks(quarantined=True, yanked="bad"), Page(quarantined=True)),
    (alarm("sha256", OTHER, SHA256), listing(file(hashes={"sha256": OTHER}))),
    (alarm("sha256", OTHER, SHA256), listing(file(hashes={}))),
]


@pytest.mark.parametrize(("before", "page"), AS_BEFORE)
def test_what_is_as_before_changes_nothing(before: Marks, page: Page) -> None:
    assert compare([replace(RELEASE, marks=before)], page) == ()


CHANGES = [
    (PLAIN, listing(file(yanked="bad")), Marks(yanked="bad")),
    (PLAIN, listing(file(yanked="")), Marks(yanked="")),
    (Marks(yanked="bad"), listing(file(yanked="worse")), Marks(yanked="worse")),
    (Marks(yanked="bad"), listing(file()), PLAIN),
    (PLAIN, listing(file(), version="2"), Marks(gone=True)),
    (PLAIN, listing(file("six-1.0.zip", {"sha256": OTHER})), Marks(gone=True)),
    (Marks(gone=True), listing(file()), PLAIN),
    # What is gone keeps what was said of it.
    (Marks(yanked="bad", alarm="odd"), Page(), Marks(yanked="bad", alarm="odd", gone=True)),
    (PLAIN, Page(quarantined=True), Marks(quarantined=True)),
    (Marks(quarantined=True), listing(file()), PLAIN),
    (Marks(quarantined=True), listing(file(), version="2"), Marks(gone=True)),
    (PLAIN, listing(file(hashes={"sha256": OTHER})), alarm("sha256", OTHER, SHA256)),
    (PLAIN, listing(file(hashes={"md5": OTHER[:32]})), alarm("md5", OTHER[:32], MD5)),
    (PLAIN, listing(file(hashes={"md5": OTHER[:32], "sha256": OTHER})), alarm("sha256", OTHER, SHA256)),
    (PLAIN, listing(file(hashes={"md5": OTHER[:32], "sha256": SHA256})), alarm("md5", OTHER[:32], MD5)),
    (alarm("sha256", OTHER, SHA256), listing(file()), PLAIN),
    # What a mirror says is kept as a database can keep it.
    (PLAIN, listing(file(yanked="see https://u:secret@x.example/\0")), Marks(yanked="see https://x.example/\ufffd")),
]


@pytest.mark.parametrize(("before", "page", "after"), CHANGES)
def test_what_changes(before: Marks, page: Page, after: Marks) -> None:
    release = replace(RELEASE, marks=before)
    assert compare([release], page) == (Marked(release=release, marks=after),)
    # Once recorded, it is nothing new.
    assert compare([replace(RELEASE, marks=after)], page) == ()


def test_only_those_that_change_are_told_of() -> None:
    other = replace(RELEASE, release_id=2, version="2", file_name="six-2.0.tar.gz")
    assert [marked.release.release_id for marked in compare([RELEASE, other], listing(file()))] == [2]


def test_a_project_that_is_gone() -> None:
    yanked, gone = replace(RELEASE, marks=Marks(yanked="bad")), replace(RELEASE, marks=Marks(gone=True))
    assert all_gone([yanked, gone]) == (Marked(release=yanked, marks=Marks(yanked="bad", gone=True)),)
