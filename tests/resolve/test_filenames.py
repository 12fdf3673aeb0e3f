import pytest

from codehost.model.releases import FileKind
from codehost.resolve.filenames import looks_readable, parse_filename

S, W, E = FileKind.SDIST, FileKind.WHEEL, FileKind.EGG


@pytest.mark.parametrize(
    ("filename", "project", "version", "kind"),
    [
        ("six-1.16.0.tar.gz", "six", "1.16", S),
        ("six-1.16.0.zip", "six", "1.16", S),
        ("six-1.16.0.TGZ", "six", "1.16", S),
        ("six-1.16.0.tar", "six", "1.16", S),
        ("Twisted-1.0.tar.bz2", "twisted", "1", S),
        ("six-1.0.tbz", "six", "1", S),
        ("six-1.0.tar.xz", "six", "1", S),
        ("six-1.0.txz", "six", "1", S),
        ("zope.interface-5.0.tar.gz", "zope-interface", "5", S),
        ("zope_interface-5.0.tar.gz", "zope-interface", "5", S),
        ("foo-bar-1.0.tar.gz", "foo-bar", "1", S),
        ("Foo-Bar-1.0-beta2.tar.gz", "foo-bar", "1b2", S),
        ("foo-1.0-1.tar.gz", "foo", "1.post1", S),
        ("foo-v1.0.dev.tar.gz", "foo", "1.dev0", S),
        ("foo-1.0+cu124.tar.gz", "foo", "1+cu124", S),
        ("foo-2024.01.05.tar.gz", "foo", "2024.1.5", S),
        ("foo-1.0.linux-x86_64.tar.gz", "foo", "1", None),
        ("foo-1.0.macosx-10.9-x86_64.tar.gz", "foo", "1", None),
        ("six-1.16.0-py2.py3-none-any.whl", "six", "1.16", W),
        ("torch-2.5.0+cu124-cp311-cp311-linux_x86_64.whl", "torch", "2.5+cu124", W),
        ("torch-2.5.0_cu124-cp311-cp311-linux_x86_64.whl", "torch", "2.5+cu124", W),
        ("foo-1.0-1abc-py3-none-any.whl", "foo", "1", W),
        ("foo-1.0_1-py3-none-any.whl", "foo", "1.post1", W),
        ("zope.interface-5.0-cp27-none-any.whl", "zope-interface", "5", W),
        ("six-1.0-py2.7.egg", "six", "1", E),
        ("foo_bar-1.0-py2.7-linux-x86_64.egg", "foo-bar", "1", E),
        ("foo-1.0.win32-py2.7.exe", "foo", "1", None),
        ("foo-1.0.win-amd64-py2.7.exe", "foo", "1", None),
        ("foo-1.0.win32.exe", "foo", "1", None),
        ("foo-1.0-1.noarch.rpm", "foo", "1", None),
        ("foo-1.0.win-amd64-py3.4.msi", "foo", "1", None),
        ("foo-1.0.tar.Z", "foo", "1", None),
    ],
)
def test_names(filename: str, project: str, version: str, kind: FileKind | None) -> None:
    named = parse_filename(filename, project)
    assert named is not None
    assert (named.version, named.kind) == (version, kind)


@pytest.mark.parametrize(
    ("filename", "project"),
    [
        ("six-1.16.0.tar.gz.asc", "six"),
        ("six-1.16.0-py2.py3-none-any.whl.metadata", "six"),
        ("six.tar.gz", "six"),
        ("six-.tar.gz", "six"),
        ("six-latest.tar.gz", "six"),
        ("sixer-1.0.tar.gz", "six"),
        ("other-1.0.tar.gz", "six"),
        ("other-1.0-py3-none-any.whl", "six"),
        ("six-1.0-py3.whl", "six"),
        ("six-latest-py3-none-any.whl", "six"),
        ("../../six-1.0.tar.gz", "six"),
        ("six-1.0/../x.tar.gz", "six"),
        ("", "six"),
        ("readme.html", "six"),
    ],
)
def test_no_names(filename: str, project: str) -> None:
    assert parse_filename(filename, project) is None


@pytest.mark.parametrize(
    ("filename", "readable"),
    [("a.tar.gz", True), ("a.WHL", True), ("a.egg", True), ("a.exe", False), ("a.gz", False), ("a.whl.asc", False)],
)
def test_looks_readable(filename: str, readable: bool) -> None:  # noqa: FBT001 - a column of the table
    assert looks_readable(filename) is readable
