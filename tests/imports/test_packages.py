import pytest

from codehost.imports.entries import Kind
from codehost.imports.packages import Elsewhere, is_here, is_remote, kind_of_url, local_project


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://files.example.com/x.zip", Kind.URL),
        ("ftp://files.example.com/x.zip", Kind.URL),
        ("FILE:///x.zip", Kind.LOCAL),
        ("../x", Kind.LOCAL),
        ("git+https://git.example.com/x", Kind.VCS),
        ("hg+http://hg.example.com/x", Kind.VCS),
        ("bzr+lp:x", Kind.VCS),
        ("git://git.example.com/x", Kind.VCS),
        ("ssh://git@git.example.com/x", Kind.VCS),
        ("git@git.example.com:group/x", Kind.VCS),
    ],
)
def test_what_a_reference_leads_to(url: str, kind: Kind) -> None:
    assert kind_of_url(url) is kind


@pytest.mark.parametrize(("path", "here"), [(".", True), ("./", True), (".\\", True), ("", True), ("..", False)])
def test_the_project_itself(path: str, here: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_here(path) is here
    assert local_project(Kind.MEMBER, path) == Elsewhere(kind=Kind.ROOT if here else Kind.MEMBER, at=path)


@pytest.mark.parametrize(("url", "remote"), [("HTTPS://a/simple", True), ("http://a", True), ("links", False)])
def test_servers_and_directories(url: str, remote: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_remote(url) is remote
