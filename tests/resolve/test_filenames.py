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
        # Versions in other spellings than PEP 440's own.
        ("foo-1.0.0-RC1.tar.gz", "foo", "1rc1", S),
        ("foo-1.0.0_RC.1.tar.gz", "foo", "1rc1", S),
        ("foo-01.02.tar.gz", "foo", "1.2", S),
        ("foo-1.0_1.tar.gz", "foo", "1.post1", S),
        ("foo-1.0-r4.tar.gz", "foo", "1.post4", S),
        ("foo-1.0alpha.tar.gz", "foo", "1a0", S),
        ("foo-1.0.C2.tar.gz", "foo", "1rc2", S),
        ("foo-1!2.0.tar.gz", "foo", "1!2", S),
        ("foo-1!2.0-py3-none-any.whl", "foo", "1!2", W),
        ("foo-0!2.0.tar.gz", "foo", "2", S),
        ("foo-1.10.0.0.tar.gz", "foo", "1.10", S),
        ("foo-0.0.0.tar.gz", "foo", "0", S),
        ("foo-20240101.tar.gz", "foo", "20240101", S),
        # Local versions, their plus escaped or not.
        ("foo-1.0+CU124.tar.gz", "foo", "1+cu124", S),
        ("foo-1.0_cu124.tar.gz", "foo", "1+cu124", S),
        ("foo-1.0_rc1_cu124-py3-none-any.whl", "foo", "1rc1+cu124", W),
        ("foo-1.0_1_cu124-py3-none-any.whl", "foo", "1.post1+cu124", W),
        ("foo-1.0_ubuntu_22-py3-none-any.whl", "foo", "1+ubuntu.22", W),
        ("foo-1.0+git.abc_d-py3-none-any.whl", "foo", "1+git.abc.d", W),
        ("foo-2.6.0.dev20241231_cpu-cp312-cp312-win_amd64.whl", "foo", "2.6.dev20241231+cpu", W),
        # Projects whose names are written otherwise than the mirror has them, or look like more than a name.
        ("FOO_Bar.Baz-1.0.tar.gz", "foo-bar-baz", "1", S),
        ("Foo__Bar-1.0.tar.gz", "foo-bar", "1", S),
        ("foo--bar-1.0.tar.gz", "foo-bar", "1", S),
        ("foo-2-1.0.tar.gz", "foo-2", "1", S),
        ("foo-2-1.0-py3-none-any.whl", "foo-2", "1", W),
        ("foo-bar-1.0-py3-none-any.whl", "foo-bar", "1", W),
        ("foo_2-1.0-1-py3-none-any.whl", "foo-2", "1", W),
        ("2to3-1.0.tar.gz", "2to3", "1", S),
        ("python-3-foo-3.1.tar.gz", "python-3-foo", "3.1", S),
        ("foo-py3-1.0.tar.gz", "foo-py3", "1", S),
        ("Foo-1.0-py2.7-win-amd64.egg", "foo", "1", E),
        ("foo-1.0_cu124-py3.8.egg", "foo", "1+cu124", E),
        ("foo-1.0.win32-py2.7.msi", "foo", "1", None),
        ("foo-1.0-1.src.rpm", "foo", "1", None),
        ("foo-1.0-1.x86_64.rpm", "foo", "1", None),
        ("foo-1.0.deb", "foo", "1", None),
        ("foo-1.0.linux-x86_64.zip", "foo", "1", None),
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
        ("six-1.0-1-2-py3-none-any.whl", "six"),
        ("foo-bar-1.0-py3-none-any.whl", "foo"),
        ("foo-2-1.0.tar.gz", "foo"),
        ("foo2-1.0.tar.gz", "foo"),
        ("python-six_1.0-1_all.deb", "six"),
        ("six-1.0.tar.gz.sig", "six"),
        ("six-1.0.tar.gz.sigstore", "six"),
        ("six-1.0.tar.gz.sigstore.json", "six"),
        ("six-1.0.tar.gz.provenance", "six"),
        ("six-1.0.tar.gz.sha256", "six"),
        ("six-1.0.tar.gz.md5", "six"),
        ("six-1.0-py3-none-any.whl.asc", "six"),
        ("six-latest-py3-none-any.whl", "six"),
        ("../../six-1.0.tar.gz", "six"),
        ("six-1.0/../x.tar.gz", "six"),
        ("six-1.0-py3-none-any/../x.whl", "six"),
        ("six-1.0-py3-none-any\\x.whl", "six"),
        ("six-1.0-py3-none-any\0.whl", "six"),
        ("six-1.0-py3-none-any\n.whl", "six"),
        ("six-1.0-py3-none-\u00e4.whl", "six"),
        ("six-1.0-py3-none-any.whl\n", "six"),
        ("six-1.0-py3-none-" + "x" * 300 + ".whl", "six"),
        ("six-1.0" + "_1" * 100_000 + ".tar.gz", "six"),
        ("six-" + "9" * 200 + "x.tar.gz", "six"),
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
