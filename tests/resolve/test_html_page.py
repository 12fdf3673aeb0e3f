import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.releases import DistributionFile
from codehost.resolve.html_page import parse_html_page

URL = "https://m.example/simple/six/"
SHA = "ab" * 32
ARCHIVED = '<meta name="pypi:project-status" content="archived">'


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
        ("./six-1.0.tar.gz", "https://m.example/simple/six/six-1.0.tar.gz"),
        ("../../../../../p/six-1.0.tar.gz", "https://m.example/p/six-1.0.tar.gz"),
        ("../../p/six-1.0.tar.gz?a=b/c#top", "https://m.example/p/six-1.0.tar.gz?a=b/c"),
        ("p q/six-1.0.tar.gz", "https://m.example/simple/six/p q/six-1.0.tar.gz"),
        ("http://f.example:8080/six-1.0.tar.gz", "http://f.example:8080/six-1.0.tar.gz"),
        ("HTTPS://F.example/six-1.0.tar.gz", "https://F.example/six-1.0.tar.gz"),
        ("https://[2001:db8::1]/six-1.0.tar.gz", "https://[2001:db8::1]/six-1.0.tar.gz"),
        ("https://b\u00fccher.example/six-1.0.tar.gz", "https://b\u00fccher.example/six-1.0.tar.gz"),
        ("//u:secret@cdn.example:8443/six-1.0.tar.gz", "https://cdn.example:8443/six-1.0.tar.gz"),
    ],
)
def test_links(href: str, url: str) -> None:
    (file,) = page_of(f'<a href="{href}">anything</a>')
    assert (file.url, file.filename, file.version) == (url, "six-1.0.tar.gz", "1")


@pytest.mark.parametrize(
    ("href", "filename", "version"),
    [
        ("../../p/foo-1%212.0.tar.gz", "foo-1!2.0.tar.gz", "1!2"),
        ("foo-1!2.0.tar.gz", "foo-1!2.0.tar.gz", "1!2"),
        ("/whl/foo-2.5.0%2Bcu124-cp311-none-any.whl", "foo-2.5.0+cu124-cp311-none-any.whl", "2.5+cu124"),
        ("/whl/foo-2.5.0+cu124-cp311-none-any.whl", "foo-2.5.0+cu124-cp311-none-any.whl", "2.5+cu124"),
        ("/whl/foo-2.5.0_cu124-cp311-none-any.whl", "foo-2.5.0_cu124-cp311-none-any.whl", "2.5+cu124"),
        ("FOO-1.0.0-RC1.TAR.GZ", "FOO-1.0.0-RC1.TAR.GZ", "1rc1"),
        ("%66oo-1.0.zip", "foo-1.0.zip", "1"),
    ],
)
def test_names_in_addresses(href: str, filename: str, version: str) -> None:
    page = parse_html_page(f"<a href={href}>x</a>".encode(), URL, "foo")
    assert [(file.filename, file.version) for files in page.files.values() for file in files] == [(filename, version)]


@pytest.mark.parametrize(
    ("href", "text", "filename"),
    [
        ("six-1.0.tar.gz", "six-2.0.tar.gz", "six-1.0.tar.gz"),
        ("six-1.0.tar.gz", "  Download <b>six</b> &raquo;", "six-1.0.tar.gz"),
        ("six-1.0.tar.gz", "", "six-1.0.tar.gz"),
        ("get/3f786850e387.tar.gz", "six-1.0.tar.gz", "six-1.0.tar.gz"),
        ("six-1.0.tar.gz/download", "six-1.0.tar.gz", "six-1.0.tar.gz"),
        ("get?file=six-1.0.tar.gz", "<code>six-1.0.tar.gz</code>", "six-1.0.tar.gz"),
        ("get?id=1", "six&#45;1.0.tar.gz", "six-1.0.tar.gz"),
    ],
)
def test_the_address_names_the_file_before_the_text(href: str, text: str, filename: str) -> None:
    assert [file.filename for file in page_of(f'<a href="{href}">{text}</a>')] == [filename]


@pytest.mark.parametrize("text", ["../six-1.0.tar.gz", "six-1.0-py3-none-a/b.whl", "six-1.0.tar.gz six-1.1.tar.gz"])
def test_a_text_that_names_no_file(text: str) -> None:
    assert parse_html_page(
        f'<a href="get?id=1">{text}</a><a href="six-3.0.zip">x</a>'.encode(), URL, "six"
    ).files.keys() == {"3"}


@pytest.mark.parametrize(
    "anchor",
    [
        "<A HREF='six-1.0.tar.gz' DATA-YANKED='why' DATA-REQUIRES-PYTHON='&gt;=3'>x</A>",
        "<a href=six-1.0.tar.gz data-yanked=why data-requires-python=&gt;=3>x</a>",
        '<a rel="internal" href="six-1.0.tar.gz" data-yanked="why" data-requires-python=">=3" gpg-sig=true>x</a>',
        '<a data-gpg-sig="false" href="six-1.0.tar.gz" data-yanked="why" data-requires-python=">=3">x</a>',
        '<a data-dist-info-metadata="sha256=ab" href="six-1.0.tar.gz" data-yanked=why data-requires-python="&gt;=3">x',
        '<a data-core-metadata="true" href="six-1.0.tar.gz" data-yanked="why" data-requires-python=">=3">x</a>',
        '<a href="six-1.0.tar.gz" data-yanked="why" data-requires-python="&#62;&#x3D;3">x',
        '<table><tr><td><a href="&#115;ix&#x2D;1.0.tar.gz" data-yanked="why" data-requires-python=">=3">x</table>',
        '<!-- <a href="six-2.0.zip"> --><a\nhref="six-1.0.tar.gz"\ndata-yanked="why"\tdata-requires-python=">=3">x</a>',
    ],
)
def test_spellings_of_html(anchor: str) -> None:
    (file,) = page_of(anchor)
    assert (file.filename, file.yanked, file.requires_python) == ("six-1.0.tar.gz", "why", ">=3")


def test_of_two_files_with_one_name_the_first_counts() -> None:
    same, zipped = "six-1.0.tar.gz", "six-1.0.zip"
    files = page_of(
        f'<a href="a/{same}#md5={"0" * 32}">x</a><a href="{zipped}">x</a><a href="b/{same}#sha256={SHA}">x</a>'
    )
    assert [file.filename for file in files] == [same, zipped]
    assert (files[0].url, files[0].hashes) == (f"{URL}a/{same}", {"md5": "0" * 32})


@pytest.mark.parametrize("base", ["ftp://h.example/", "https://[h/", "javascript:void(0)"])
def test_a_base_that_leads_nowhere(base: str) -> None:
    text = f'<base href="{base}"><a href="six-1.0.tar.gz">x</a><a href="https://f.example/six-2.0.tar.gz">x</a>'
    page = parse_html_page(text.encode(), URL, "six")
    if base == "https://[h/":
        assert page.files["1"][0].url == f"{URL}six-1.0.tar.gz"
    else:
        assert (list(page.files), page.left_out) == (["2"], 1)


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ('<meta charset="utf-8">', "utf-8"),
        ('<meta charset="iso-8859-1">', "iso8859-1"),
        ("<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset=Windows-1252'>", "cp1252"),
        ('<meta charset="Shift_JIS">', "shift_jis"),
        ('<meta charset="gb18030">', "gb18030"),
        ("", "utf-16"),
        ('<meta charset="utf-8">', "utf-16-be"),
    ],
)
def test_encodings(declared: str, encoding: str) -> None:
    reason = {"shift_jis": "\u8868", "gb18030": "\u8868"}.get(encoding, "caf\u00e9")
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = f'{mark}<html>{declared}<a href="six-1.0.tar.gz" data-yanked="{reason}">{reason}</a>'
    (file,) = parse_html_page(text.encode(encoding), URL, "six").files["1"]
    assert file.yanked == reason


@pytest.mark.parametrize("declared", ["utf-7", "hex", "unicode_escape", "no-such-thing", "rot13", "utf-16"])
def test_encodings_that_are_not_believed(declared: str) -> None:
    text = f'<meta charset="{declared}"><a href="six-1.0.tar.gz" data-yanked="caf\u00e9 \\x41">x</a>'
    (file,) = parse_html_page(text.encode(), URL, "six").files["1"]
    assert file.yanked == "caf\u00e9 \\x41"


def test_bytes_that_are_no_text_spoil_nothing_else() -> None:
    (file,) = parse_html_page(b'<a href="six-1.0.tar.gz" data-yanked="caf\xe9">caf\xe9</a>', URL, "six").files["1"]
    assert file.yanked == "caf\ufffd"


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
        ("#sha1=" + "3" * 40, {"sha1": "3" * 40}),
        ("#" + "3" * 40, {"sha1": "3" * 40}),
        ("#" + "4" * 128, {"sha512": "4" * 128}),
        ("#" + "5" * 56, {}),
        ("#sha3-256=" + "6" * 64, {"sha3-256": "6" * 64}),
        ("#crc32=00000000", {}),
        ("#gost=" + "9" * 64, {"gost": "9" * 64}),
        ("#sha256=not-hex", {}),
        ("#egg=six-1.0&subdirectory=a", {}),
        (f"#sha256={SHA}&md5={'7' * 32}&size=12", {"sha256": SHA, "md5": "7" * 32}),
        (f"#sha256={SHA}&sha256={'8' * 64}", {"sha256": SHA}),
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


def test_one_bad_anchor_among_thousands() -> None:
    anchors = "".join(f'<a href="six-{number}.0.tar.gz#sha256={SHA}">x</a>' for number in range(5000))
    page = parse_html_page(f'{anchors}<a href="six-x.tar.gz">x</a>{anchors}'.encode(), URL, "six")
    assert (len(page.files), page.left_out) == (5000, 1)
    assert page.files["4999"][0].hashes == {"sha256": SHA}
    assert [len(files) for files in page.files.values()] == [1] * 5000


@pytest.mark.parametrize("version", ["1.0", "1.4", "1.99"])
def test_versions_that_are_understood(version: str) -> None:
    assert page_of(f'<meta name="pypi:repository-version" content="{version}"><a href="six-1.0.tar.gz">x</a>')


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b'<meta name="pypi:repository-version" content="2.0">', "version '2.0'"),
        (b"it works", "called HTML and is not"),
        (b'{"files": []}', "called HTML and is not"),
        (b'<meta name="pypi:repository-version" content="nonsense">', "version 'nonsense'"),
        (b'<META NAME="PyPI:Repository-Version" CONTENT="2.0"><a href="six-1.0.tar.gz">', "version '2.0'"),
        (b"<meta http-equiv='Refresh' content='0; url=/login'>", "none of its links is a distribution file"),
        (b"<script>location = '/login'</script>", "none of its links is a distribution file"),
        (
            b"<body onload='f()'><form><input type=hidden name=SAMLRequest></form>",
            "none of its links is a distribution",
        ),
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


@pytest.mark.parametrize(
    "body",
    [
        b'<form><input type="password" name="p"></form>',
        b'<form action="/login"><INPUT NAME=u><INPUT TYPE=Password NAME=p></form><a href="/forgot">Forgot?</a>',
        b'<script src="/a.js"></script><input type="password"><a href="../">up</a>',
    ],
)
def test_a_sign_in_page(body: bytes) -> None:
    with pytest.raises(Failure, match="the answer is a sign-in page, not a project page") as caught:
        parse_html_page(body, URL, "six")
    assert caught.value.reason is Reason.AUTH


def test_a_page_with_files_may_have_a_field_for_a_password() -> None:
    assert page_of('<form><input type="password"></form><a href="six-1.0.tar.gz">x</a>')


@pytest.mark.parametrize(
    ("metas", "status", "reason"),
    [
        ("", None, None),
        ('<meta name="pypi:project-status" content="active">', "active", None),
        (ARCHIVED, "archived", None),
        ('<meta name="pypi:project-status" content="deprecated">', "deprecated", None),
        ('<META NAME="pypi:project-status" CONTENT=" Quarantined ">', "quarantined", None),
        (f'{ARCHIVED}<meta name="pypi:project-status-reason" content="see &quot;7&quot;">', "archived", 'see "7"'),
        ('<meta name="pypi:project-status" content="haunted">', None, None),
        ('<meta name="pypi:project-status">', None, None),
        ('<meta name="pypi:project-status-reason" content="why">', None, None),
    ],
)
def test_status(metas: str, status: str | None, reason: str | None) -> None:
    page = parse_html_page(f'<html>{metas}<a href="six-1.0.tar.gz">x</a>'.encode(), URL, "six")
    assert (page.status, page.status_reason, page.format) == (status, reason, "HTML")
    assert page.quarantined is (status == "quarantined")


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
