import pytest

from codehost.model.pins import parse_pin
from codehost.serve.names import Action, Address, address_in, repository_name

GOOD = [
    ("python/six/1.0.git", "python/six/1.0"),
    ("six.git", "six"),
    ("a/b/c/d/e.git", "a/b/c/d/e"),
    ("python/x/1!2.0.git", "python/x/1!2.0"),
    ("python/x/1%212.0.git", "python/x/1!2.0"),
    ("python/x/1.0+cu124.git", "python/x/1.0+cu124"),
    ("python/x/1.0%2Bcu124.git", "python/x/1.0+cu124"),
    ("python/x/1.0%2bcu124.git", "python/x/1.0+cu124"),
    ("python/x/1.0+x.git.git", "python/x/1.0+x.git"),
    ("py%74hon/six/1.0.git", "python/six/1.0"),
    ("_x/+y.git", "_x/+y"),
    (f"{'x' * 200}/1.git", f"{'x' * 200}/1"),
]

BAD = [
    "",
    ".git",
    "six",
    "python/six/1.0",
    "python/six/1.0.git.git",
    "python/six.git/1.0.git",
    "python/six/1.0.GIT",
    "python/six/1.0..git",
    "../six.git",
    "python/../six.git",
    "python/%2e%2e/six.git",
    "python/.%2E/six.git",
    "python/..%2fsix.git",
    "python%2fsix.git",
    "python%2Fsix.git",
    "python/%252e%252e/six.git",
    "python/%2f..%2f/six.git",
    "./six.git",
    "python/./six.git",
    "/six.git",
    "//six.git",
    "python//six.git",
    "python/.git",
    "python/six%00.git",
    "python/six%0a.git",
    "python/six\n.git",
    "python/six\r.git",
    "python/six\t.git",
    "python/six .git",
    "python/six%20.git",
    "python/six%7f.git",
    "python\\six.git",
    "python%5csix.git",
    "python/..\\six.git",
    "python/-six.git",
    "-oProxyCommand=x/six.git",
    "python/.hidden.git",
    "python/six%.git",
    "python/six%2.git",
    "python/six%zz.git",
    "python/six%ff.git",
    "python/six%c3%a9.git",
    "python/six\u00e9.git",
    "python/six\udcff.git",
    "python/%e2%80%a5/six.git",
    "python/%c0%ae%c0%ae/six.git",
    "python/~root.git",
    "python/$HOME.git",
    "python/a;b.git",
    "python/a#b.git",
    "python/a:b.git",
    "python/six/1.0.git/",
    "python/\uff0e\uff0e/six.git",
    f"{'x' * 251}.git",
]

TARGETS = [
    ("/git/a/b.git/info/refs", "a/b", Action.REFS),
    ("/git/a/b.git/info/refs?service=git-upload-pack", "a/b", Action.REFS),
    ("/git/a/b.git/git-upload-pack", "a/b", Action.UPLOAD),
    ("/git/a/b.git/git-receive-pack", "a/b", Action.RECEIVE),
    ("/git/a/b.git/HEAD", "a/b", Action.DUMB),
    ("/git/a/b.git/objects/info/packs", "a/b", Action.DUMB),
    ("/git/a/b.git/objects/../../../etc/passwd", "a/b", Action.DUMB),
    ("/git/a/1+x.git.git/info/refs", "a/1+x.git", Action.REFS),
    ("/git/a/1+x.git/b.git/info/refs", "a/1+x.git/b", Action.REFS),
]

NO_TARGETS = [
    "/git/a/b.git",
    "/git/a/b.git/",
    "/git/a/b.git/config",
    "/git/a/b.git/info",
    "/git/a/b.git//info/refs",
    "/git/a/b.git/git-upload-pack/",
    "/git/a/b.git/git-upload-pack/x",
    "/git/a/b/info/refs",
    "/git/.git/info/refs",
    "/git/../a/b.git/info/refs",
    "/git//a/b.git/info/refs",
    "/a/b.git/info/refs",
    "http://host/git/a/b.git/info/refs",
    "//git/a/b.git/info/refs",
    "/git/x.git/../a/b.git/info/refs",
    "/git/a/b%2egit/info/refs",
    "/git/a/b.git%2finfo/refs",
    f"/git/{'x/' * 2100}b.git/info/refs",
    "",
    "*",
]


@pytest.mark.parametrize(("escaped", "name"), GOOD)
def test_names(escaped: str, name: str) -> None:
    assert repository_name(escaped) == name


@pytest.mark.parametrize("escaped", BAD)
def test_what_is_no_name(escaped: str) -> None:
    assert repository_name(escaped) is None


@pytest.mark.parametrize("pattern", ["python/{project}/{version}", "x_+/{version}/{project}", "{project}-{version}"])
@pytest.mark.parametrize("version", ["1.0", "1!2.0rc1.post2.dev3+local.1", "1.0+x.git", "1.0+git"])
def test_whatever_a_pin_produces_is_a_name(pattern: str, version: str) -> None:
    name = parse_pin(f"Zope.Interface=={version}").repository(pattern)
    assert repository_name(f"{name}.git") == name


@pytest.mark.parametrize(("target", "name", "action"), TARGETS)
def test_addresses(target: str, name: str, action: Action) -> None:
    assert address_in(target) == Address(name=name, action=action)


@pytest.mark.parametrize("target", NO_TARGETS)
def test_what_is_no_address(target: str) -> None:
    assert address_in(target) is None
