"""What a path means, and that links lead where they were meant to."""

import pytest

from codehost.serve.pages.links import Links, Place, View, places, repository_in

SHA = "0123456789" * 4
SIX = "python/six/1.0"

MEANT = [
    (f"/{SIX}/tree/HEAD", Place(repository=SIX, view=View.TREE, rev="HEAD")),
    (f"/{SIX}/tree/HEAD/", Place(repository=SIX, view=View.TREE, rev="HEAD")),
    (f"/{SIX}/tree/latest/a/b?page=2", Place(repository=SIX, view=View.TREE, rev="latest", path=(b"a", b"b"))),
    (f"/{SIX}/blob/{SHA}/a%20b.py", Place(repository=SIX, view=View.BLOB, rev=SHA, path=(b"a b.py",))),
    (f"/{SIX}/blob/v1%210%2bx/%ff%C3%A4", Place(repository=SIX, view=View.BLOB, rev="v1!0+x", path=(b"\xff\xc3\xa4",))),
    (f"/{SIX}/raw/v1.0/a+b%2Bc", Place(repository=SIX, view=View.RAW, rev="v1.0", path=(b"a+b+c",))),
    (f"/{SIX}/blob/HEAD/%252e%252e", Place(repository=SIX, view=View.BLOB, rev="HEAD", path=(b"%2e%2e",))),
    (f"/{SIX}/commit/{SHA}", Place(repository=SIX, view=View.COMMIT, rev=SHA)),
]
MEANINGLESS = [
    f"/{SIX}/blob/--output=x/a",
    f"/{SIX}/blob/-x/a",
    f"/{SIX}/blob/HEAD%5e/a",
    f"/{SIX}/blob/HEAD:a/b",
    f"/{SIX}/blob/v1..v2/a",
    f"/{SIX}/blob/refs%2Fheads%2Flatest/a",
    f"/{SIX}/blob/{SHA.upper().replace('0', 'A')}/a",
    f"/{SIX}/blob/{SHA[:12]}/a",
    f"/{SIX}/blob/HEAD/../../x",
    f"/{SIX}/blob/HEAD/%2e%2e/x",
    f"/{SIX}/blob/HEAD/a%2Fb",
    f"/{SIX}/blob/HEAD/a%00b",
    f"/{SIX}/blob/HEAD/a//b",
    f"/{SIX}/commit/{SHA}/a",
    f"/{SIX}/blob",
    "/../python/blob/HEAD/a",
    "/python%2Fsix/blob/HEAD/a",
    "/-x/blob/HEAD/a",
    "/" + "tree/" * 300,
    "",
    "/",
]


@pytest.mark.parametrize(("path", "place"), MEANT)
def test_a_path_means_a_place(path: str, place: Place) -> None:
    assert list(places(path)) == [place]


@pytest.mark.parametrize("path", MEANINGLESS)
def test_a_path_means_nothing(path: str) -> None:
    assert list(places(path)) == []


def test_a_name_may_have_the_parts_of_an_address() -> None:
    found = list(places("/python/tree/1.0/blob/HEAD/tree/latest/x"))
    assert [place.repository for place in found] == ["python/tree/1.0", "python/tree/1.0/blob/HEAD"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/python/six/1.0", SIX),
        ("/python/six/1.0/", SIX),
        ("/a%2Fb", None),
        ("/a/../b", None),
        ("/.git", None),
        ("/", None),
    ],
)
def test_a_path_is_a_name(path: str, name: str | None) -> None:
    assert repository_in(path) == name


ODD = [b"a b", b"%2e", b"\xff\xfe", "ä\u202e".encode(), b"a?b#c", b"a&b;c=d", b"\"<>'", b"a+b", b"...", b"-rf"]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("view", [View.TREE, View.BLOB, View.RAW])
def test_links_come_back_to_the_same_bytes(name: bytes, view: View) -> None:
    place = Place(repository="python/x/1!2+cu.1", view=view, rev="v1!2+cu.1", path=(b"d", name))
    href = Links("/code").to(place)
    assert href.isascii()
    assert not set(href) & set("\"<>'?# ")
    assert list(places(href.removeprefix("/code"))) == [place]


def test_the_base_stands_before_all() -> None:
    links = Links("/code/")
    assert (links.index(), links.static("x"), links.clone("a")) == ("/code/", "/code/-/static/x", "/code/git/a.git")
    assert links.release("a/b") == "/code/a/b"


@pytest.mark.parametrize(("rev", "fixed"), [(SHA, True), ("HEAD", False), ("v1", False)])
def test_only_a_commit_is_fixed(rev: str, fixed: bool) -> None:  # noqa: FBT001 - a column of the table
    assert Place(repository="a", view=View.TREE, rev=rev).fixed is fixed
