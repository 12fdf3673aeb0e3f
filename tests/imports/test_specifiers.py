import pytest

from codehost.imports.entries import ImportedPin
from codehost.imports.specifiers import required, specified


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("six==1.16.0", "six==1.16.0"),
        (" Six == 1.16 ", "Six==1.16"),
        ("six (==1.16.0)", "six==1.16.0"),
        ("celery[redis,s3]==5.3", "celery==5.3"),
        ('x==1.0 ; python_version < "3" and sys_platform == "win32"', "x==1.0"),
        ("x==1.0;os_name=='nt'", "x==1.0"),
        ("x===1.0", "x==1.0"),
        ("x===1.0.post1+local", "x==1.0.post1+local"),
        ("x>=0.9,==1.0", "x==1.0"),
        ("x==1.0rc1,<2", "x==1.0rc1"),
        ("x==1!2.0", "x==1!2.0"),
        ("x.y_z==v1.0-alpha.1", "x.y_z==v1.0-alpha.1"),
    ],
)
def test_what_names_one_release_is_a_pin(written: str, line: str) -> None:
    entry = required(written, "f:1")
    assert isinstance(entry, ImportedPin), entry
    assert (entry.line, entry.origin) == (line, "f:1")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("x", "unpinned"),
        ("x[y]", "unpinned"),
        ("x ; os_name == 'nt'", "unpinned"),
        ("x>=1", "range"),
        ("x~=1.0", "range"),
        ("x!=1.0", "range"),
        ("x>2,==1.0", "range"),
        ("x==1.*,<1.5", "range"),
        ("x==1.*", "wildcard"),
        ("x===2004d", "version"),
        ("x===1.*", "version"),
        ("x==2004d", "version"),
        ("x[y]==1.0-what", "version"),
        ("x==" + "1" * 300, "version"),
        ("x=1.0=py37_0", "unreadable"),
        ("Package Version", "unreadable"),
        ("------- -------", "unreadable"),
        ("x" * 5000 + "==1.0", "unreadable"),
        ("é==1.0", "unreadable"),
        ("x==${VERSION}", "variable"),
        ("x @ https://files.example.com/x.zip", "url"),
        ("x@https://files.example.com/x.zip", "url"),
        ("https://files.example.com/x.zip", "url"),
        ("x @ git+https://git.example.com/x@main", "vcs"),
        ("git+ssh://git@git.example.com/x", "vcs"),
        ("git@git.example.com:group/x.git", "vcs"),
        ("x @ file:///croot/x_1/work", "local"),
        ("x@ file:///croot/x_1/work", "local"),
        ("x @ ../x", "local"),
        ("file:///x.whl", "local"),
        ("./x", "local"),
        ("/srv/x", "local"),
        ("~/x", "local"),
        ("libs/x[extra]", "local"),
        (r"C:\x", "local"),
        ("x-1.0-py3-none-any.whl", "local"),
        ("x-1.0.tar.gz[extra] ; os_name == 'nt'", "local"),
        (".", "root"),
        (".[dev]", "root"),
    ],
)
def test_anything_else_is_left_out_for_a_reason(written: str, kind: str) -> None:
    entry = required(written, "f:1")
    assert not isinstance(entry, ImportedPin)
    assert entry.kind == kind, entry
    assert str(entry).startswith(f"f:1: {entry.text} {entry.reason}; ")


@pytest.mark.parametrize(("specifier", "kind"), [("==1.*", "wildcard"), (">1", "range"), ("1.0", "version")])
def test_a_specifier_by_itself(specifier: str, kind: str) -> None:
    entry = specified("x", specifier, "f")
    assert not isinstance(entry, ImportedPin)
    assert (entry.kind, entry.project) == (kind, "x")
