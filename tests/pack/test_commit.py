import pytest

from codehost.pack.commit import LATEST, Metadata, encode_commit, identity, is_metadata, parse_metadata

TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"PKG-INFO", True),
        (b"./PKG-INFO", True),
        (b"six-1.16.0/PKG-INFO", True),
        (b"./six-1.16.0/PKG-INFO", True),
        (b"six-1.16.0.dist-info/METADATA", True),
        (b"EGG-INFO/PKG-INFO", True),
        (b"six-1.16.0/six.egg-info/PKG-INFO", False),
        (b"x/METADATA", False),
        (b"a/b/PKG-INFO", False),
        (b"MY-PKG-INFO", False),
        (b"PKG-INFO.txt", False),
    ],
)
def test_where_metadata_lies(path: bytes, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_metadata(path) is expected


@pytest.mark.parametrize(
    ("content", "author", "email"),
    [
        ("Author: A B\nAuthor-email: a@b.c\n", "A B", "a@b.c"),
        ("author: A B\r\nAUTHOR-EMAIL:a@b.c\r\n\r\nAuthor: body\r\n", "A B", "a@b.c"),
        ("Author-email: A B <a@b.c>\n", "A B", "a@b.c"),
        ('Author-email: "B, A" <a@b.c>\n', "B, A", "a@b.c"),
        ("Author-email: B, A <a@b.c>\n", "", ""),
        ('Author-email: "A B" <a@b.c>, C <c@d.e>\n', "A B", "a@b.c"),
        ("Author: X\nAuthor-email: A B <a@b.c>\n", "X", "a@b.c"),
        ("Author-email: <a@b.c>\n", "", "a@b.c"),
        ("Author-email: a@b.c, c@d.e\n", "", "a@b.c"),
        ("Author-email: nonsense\n", "", ""),
        ("Author: First\nAuthor: Second\n", "First", ""),
        ("Author: A\n B\n\tC\n", "A B C", ""),
        ("Author:\n A\n", "A", ""),
        ("Maintainer: M\nMaintainer-email: m@x.y\n", "M", "m@x.y"),
        ("Author: A\nMaintainer-email: m@x.y\n", "A", ""),
        ("Summary: s\n Author: folded\nName: n\n", "", ""),
        ("Name: n\n\nAuthor: in the body\n", "", ""),
        ("\ufeffAuthor: A\n", "A", ""),
        ("Author: Jos\u00e9 \u65e5\u672c\n", "Jos\u00e9 \u65e5\u672c", ""),
        ("", "", ""),
        ("no colon here\nAuthor: A\n", "A", ""),
    ],
)
def test_authors(content: str, author: str, email: str) -> None:
    assert parse_metadata(content.encode()) == Metadata(author=author, email=email)


def test_other_encodings_are_read_as_latin_1() -> None:
    assert parse_metadata(b"Author: Jos\xe9\n").author == "Jos\u00e9"


def test_the_body_does_not_change_how_the_author_is_read() -> None:
    assert parse_metadata("Author: Jos\u00e9\n\n".encode() + b"\xff\xfe body").author == "Jos\u00e9"


@pytest.mark.parametrize(
    "content",
    [
        b"Author: x\n" + b" y\n" * 300_000,
        b"Author-email: x" + b" " * 300_000 + b"y\n",
        b"Author-email: " + b"a" * 300_000 + b"\n",
        b"\n" * 1_000_000,
        b"A" * 2_000_000,
    ],
)
def test_hostile_metadata_takes_no_more_time_than_its_length_deserves(content: bytes) -> None:
    # Quadratic work on these would take minutes.
    assert len(parse_metadata(content).author) <= 1000


def test_the_header_is_read_up_to_a_bound() -> None:
    far = b"Summary: " + b"s" * (1 << 20) + b"\nAuthor: A\n"
    assert parse_metadata(far) == Metadata()
    assert parse_metadata(far[:200] + far[-11:]).author == "A"


@pytest.mark.parametrize(
    ("author", "email", "expected"),
    [
        ("A B", "a@b.c", "A B <a@b.c>"),
        ("A <x> B\nC", "a@b.c", "A  x  B C <a@b.c>"),
        ("", "a@b.c", "a <a@b.c>"),
        ("UNKNOWN", "UNKNOWN", "UNKNOWN <>"),
        ("", "", "f-1.tar.gz authors <>"),
        ("...", "", "f-1.tar.gz authors <>"),
        ("A\0B\x7f", "a\0@b.c", "A B <a@b.c>"),
        ("x" * 500, "y" * 500, "x" * 200 + " <" + "y" * 200 + ">"),
        ('"A B"', "a@b.c,", "A B <a@b.c>"),
        ("Jos\u00e9", "", "Jos\u00e9 <>"),
    ],
)
def test_identities(author: str, email: str, expected: str) -> None:
    assert identity(Metadata(author=author, email=email), "f-1.tar.gz") == expected


@pytest.mark.parametrize(
    ("newest", "when"),
    [(-5, 0), (0, 0), (1_700_000_000, 1_700_000_000), (LATEST + 1, LATEST), (1 << 80, LATEST)],
)
def test_dates_are_clamped(newest: int, when: int) -> None:
    lines = encode_commit(TREE, Metadata(), newest, "f", "0").split(b"\n")
    assert [line.rsplit(b" ", 2)[1:] for line in lines[1:3]] == [[b"%d" % when, b"+0000"]] * 2


def test_the_commit() -> None:
    assert encode_commit(TREE, Metadata(author="A", email="a@b.c"), 7, "f-1.tar.gz", "ab" * 32).decode() == (
        f"tree {TREE}\n"
        "author A <a@b.c> 7 +0000\n"
        "committer codehost <codehost@localhost> 7 +0000\n"
        "\n"
        "f-1.tar.gz\n"
        "\n"
        f"sha256: {'ab' * 32}\n"
    )


def test_a_hostile_file_name_adds_no_line() -> None:
    commit = encode_commit(TREE, Metadata(), 0, "f\n\nparent x\0<a>", "0")
    assert commit.count(b"\n") == 7
    assert b"\0" not in commit
