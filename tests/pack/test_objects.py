import pytest

from codehost.pack.objects import EXECUTABLE_MODE, FILE_MODE, TREE_MODE, ObjectType, encode_tree, object_name


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        (ObjectType.BLOB, b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (ObjectType.BLOB, b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
        (ObjectType.TREE, b"", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    ],
)
def test_names_are_gits(kind: ObjectType, body: bytes, name: str) -> None:
    assert object_name(kind, body).hex() == name


def test_directories_sort_as_if_a_slash_followed() -> None:
    name = bytes(range(20))
    tree = encode_tree(
        [(TREE_MODE, b"a", name), (FILE_MODE, b"a.b", name), (FILE_MODE, b"a0", name), (EXECUTABLE_MODE, b"B", name)]
    )
    assert tree == b"".join(
        (
            b"100755 B\0" + name,
            b"100644 a.b\0" + name,
            b"40000 a\0" + name,
            b"100644 a0\0" + name,
        )
    )
