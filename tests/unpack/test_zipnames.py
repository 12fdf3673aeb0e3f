import pytest

from codehost.model.errors import Failure
from codehost.unpack.zipnames import FLAG_UTF8, decode_name, place_of, repeated_places
from tests.unpack.zips import unicode_path


@pytest.mark.parametrize(
    ("name", "flags", "extra", "path"),
    [
        (b"a/b", 0, b"", b"a/b"),
        ("é".encode(), FLAG_UTF8, b"", "é".encode()),
        (b"\x82", 0, b"", "é".encode()),
        (b"\x82", 0, unicode_path(b"\x82", "é".encode()), "é".encode()),
        ("é".encode(), 0, unicode_path("é".encode(), "é".encode()), "é".encode()),
        ("é".encode(), FLAG_UTF8, unicode_path("é".encode(), "é".encode()), "é".encode()),
        (b"a", 0, unicode_path(b"a", b"a") * 2, b"a"),
        (b"a", 0, unicode_path(b"stale", b"a"), b"a"),
    ],
)
def test_a_name_of_one_reading(name: bytes, flags: int, extra: bytes, path: bytes) -> None:
    assert decode_name(name, flags, extra) == path


@pytest.mark.parametrize(
    ("name", "flags", "extra", "what"),
    [
        (b"", 0, b"", "no name"),
        (b"a\0.py", 0, b"", "zero byte"),
        (b"\xff\xfe", FLAG_UTF8, b"", "said to be UTF-8"),
        (b"a\xc0\xafb", FLAG_UTF8, b"", "said to be UTF-8"),
        (b"a", 0, unicode_path(b"a", b"b"), "unicode path"),
        (b"a", 0, unicode_path(b"stale", b"b"), "unicode path"),
        (b"a", 0, unicode_path(b"a", b"b", version=2), "unicode path"),
        (b"a", 0, unicode_path(b"a", b"a") + unicode_path(b"a", b"b"), "unicode path"),
        (b"\x82", 0, unicode_path(b"\x82", "è".encode()), "unicode path"),
    ],
)
def test_a_name_of_two_readings_is_refused(name: bytes, flags: int, extra: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what):
        decode_name(name, flags, extra)


@pytest.mark.parametrize(
    ("path", "place"),
    [(b"a/b", b"a/b"), (b"./a//b/./", b"a/b"), (b"/a/", b"/a"), (b"..", b".."), (b"./", b""), (b"/", b"/")],
)
def test_places(path: bytes, place: bytes) -> None:
    assert place_of(path) == place


def test_repeated_places() -> None:
    assert repeated_places([b"a", b"b/", b"b/c", b"b//c", b"B/c", b"/a"]) == {b"b/c"}
    assert repeated_places([]) == frozenset()


@pytest.mark.parametrize("path", [b"a", b"./a", b"d//a", b"d/./a", b"d/a/", b".a", b"d/.a", b"/a", b"a\n"])
def test_a_place_is_recognised_however_it_is_written(path: bytes) -> None:
    assert repeated_places([path, place_of(path)]) == {place_of(path)}


def test_deep_names_take_no_room() -> None:
    assert repeated_places([b"a/" * 32_000 + b"%d" % number for number in range(50)]) == frozenset()


@pytest.mark.parametrize("paths", [[b"a", b"a/b"], [b"a/b/c/d", b"./a/b"], [b"/a", b"/a/b"]])
def test_nothing_lies_below_a_file(paths: list[bytes]) -> None:
    with pytest.raises(Failure, match="lies below another"):
        repeated_places(paths)
