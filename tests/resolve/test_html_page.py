import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.releases import DistributionFile
from codehost.resolve.html_page import parse_html_page

URL = "https://m.example/simple/six/"
SHA = "ab" * 32


def page_of(text: str) -> list[DistributionFile]:
    page = parse_html_page(f"<!doctype html>{text}".encode(), URL, "six")
    return [file for files in page.files.values() for file in files]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://files.example/a/six-1.0.tar.gz", "https://files.example/a/six-1.0.tar.gz"),
        ("../../packages/six-1.0.tar.gz", "https://m.example/packages/six-1.0.tar.gz"),
        ("six-1.0.tar.gz", "https://m.example/simple/six/six-1.0.tar.gz"),
        ("/p/six-1.0.tar.gz?sig=a&amp;b=c", "https://m.example/p/six-1.0.tar.gz?sig=a&b=c"),
        ("//cdn.example/six-1.0.tar.gz", "https://cdn.example/six-1.0.tar.gz"),
        (" https://u:secret@f.example/six-1.0.tar.gz ", "https://f.example/six-1.0.tar.gz"),
        ("https://f.example/six-1%2E0.tar.gz", "https://f.example/six-1%2E0.tar.gz"),
    ],
)
def test_links(href: str, url: str) -> None:
    (file,) = page_of(f'<a href="{href}">anything</a>')
    assert (file.url, file.filename, file.version) == (url, "six-1.0.tar.gz", "1")


def test_links_are_joined_to_the_first_base() -> None:
    (file,) = page_of('<base target="_top"><base href="../../p/"><base href="/q/"><a href="six-1.0.tar.gz">x</a>')
    assert file.url == "https://m.example/p/six-1.0.tar.gz"


@pytest.mark.parametrize(
    ("fragment", "hashes"),
    [
        ("", {}),
        (f"#sha256={SHA}", {"sha256": SHA}),
        (f"#SHA256={SHA.upper()}", {"sha256": SHA}),
        ("#md5=" + "0" * 32, {"md5": "0" * 32}),
        ("#blake2b=" + "1" * 128, {"blake2b": "1" * 128}),
        (f"#egg=six&amp;sha256={SHA}", {"sha256": SHA}),
        ("#" + "2" * 32, {"md5": "2" * 32}),
        (f"#{SHA}", {"sha256": SHA}),
        ("#sha256=", {}),
        ("#top", {}),
    ],
)
def test_fragments(fragment: str, hashes: dict[str, str]) -> None:
    (file,) = page_of(f'<a href="six-1.0.tar.gz{fragment}">x</a>')
    assert file.hashes == hashes


@pytest.mark.parametrize(
    ("attributes", "yanked", "requires_python"),
    [
        ("", None, None),
        ("data-yanked", "", None),
        ('data-yanked=""', "", None),
        ('data-yanked="it &amp; broke"', "it & broke", None),
        ('data-requires-python="&gt;=3.8"', None, ">=3.8"),
    ],
)
def test_attributes(attributes: str, yanked: str | None, requires_python: str | None) -> None:
    (file,) = page_of(f'<a href="six-1.0.tar.gz" {attributes}>x</a>')
    assert (file.yanked, file.requires_python) == (yanked, requires_python)


def test_the_text_names_a_file_whose_address_does_not() -> None:
    (file,) = page_of('<a href="/download?id=7"> six-1.0.tar.gz\n</a>')
    assert (file.filename, file.url) == ("six-1.0.tar.gz", "https://m.example/download?id=7")


def test_a_bad_anchor_is_left_out_and_counted() -> None:
    text = """<a href="six-1.0.tar.gz">ok</a><a>none</a><a href="../">up</a><a href="six-1.0.tar.gz.asc">sig</a>
        <a href="six-latest.tar.gz">bad</a><a href="https://[h/six-2.0.tar.gz">bad</a>
        <a href="ftp://h/six-3.0.tar.gz">bad</a><a href="six-4.0.win32.exe">installer</a>"""
    page = parse_html_page(text.encode(), URL, "six")
    assert (list(page.files), page.other_versions, page.left_out) == (["1"], frozenset({"4"}), 3)


@pytest.mark.parametrize("version", ["1.0", "1.4", "1.99"])
def test_versions_that_are_understood(version: str) -> None:
    assert page_of(f'<meta name="pypi:repository-version" content="{version}"><a href="six-1.0.tar.gz">x</a>')


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'<meta name="pypi:repository-version" content="2.0">', "version '2.0'"),
        (b"it works", "called HTML and is not"),
        (b'{"files": []}', "called HTML and is not"),
        (b'<form><input type="password" name="p"></form>', "none of its links is a distribution file"),
        (b"<form action='/go'><button>Accept the terms</button></form>", "none of its links"),
        (b'<a href="../">up</a><input name="q">', "none of its links"),
        (b'<a href="https://portal.example/sign-in">Sign in</a>', "none of its links"),
        (b'<a href="https://portal.example/">Sign in</a>', "none of its links"),
        (b'<a href="../">up</a><a href="/simple/seven/">seven</a>', "none of its links"),
        (b'<a href="readme.txt">read me</a>', "none of its links"),
    ],
)
def test_no_page(body: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        parse_html_page(body, URL, "six")
    assert caught.value.reason is Reason.BAD_PAGE


def test_quarantined() -> None:
    page = parse_html_page(b'<meta name="pypi:project-status" content="quarantined">', URL, "six")
    assert page.quarantined


@pytest.mark.parametrize("url", [URL, URL.removesuffix("/"), f"{URL}?format=html"])
@pytest.mark.parametrize(
    "text",
    [
        "<html></html>",
        '<a href="../">Parent Directory</a>',
        '<a href="?C=N;O=D">Name</a><a href="/">/</a><a href="#top">^</a>',
    ],
)
def test_a_page_without_links_to_elsewhere_is_empty(text: str, url: str) -> None:
    assert parse_html_page(text.encode(), url, "six").empty


def test_a_page_with_files_may_have_a_form_and_links_to_elsewhere() -> None:
    assert page_of('<form><input name="q"></form><a href="/about">us</a><a href="six-1.0.tar.gz">x</a>')
