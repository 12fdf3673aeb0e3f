"""Hostile layout. Each page would take a parser by the book minutes or gigabytes; here it is read, or refused."""

import pytest

from codehost.model.errors import Failure, Reason
from codehost.net.origins import LONGEST_ADDRESS
from codehost.resolve.html_page import parse_html_page
from codehost.resolve.html_tree import MAX_ATTRIBUTES_EACH, MAX_NAMES, MAX_TAGS, attribute, html_tree
from codehost.resolve.json_page import MAX_VALUES, parse_json_page
from codehost.resolve.project_page import MAX_FILES, MAX_FILES_OF_RELEASE

URL = "https://m.example/simple/six/"
LINK = b'<a href="six-1.0.zip" data-yanked="it is <b>old</b>">six-1.0.zip</a>'
DEEP = 20_000


def read(body: bytes) -> list[tuple[str, str | None]]:
    page = parse_html_page(body, URL, "six")
    return [(file.filename, file.yanked) for files in page.files.values() for file in files]


@pytest.mark.parametrize(
    "layer",
    [
        *(
            b"<div>",
            b"<DIV\n>",
            b"<ul><li>",
            b"<b><div>",
            b"<b></p>",
            b"<p><b x='>'>",
            b"<table><tr><td>",
            b"<section/>",
        ),
        *(b"<svg><a>", b"<svg><desc>", b"<math><mi>", b"<template>", b"<select><option>", b"<button>", b"<frameset>"),
        *(
            b"<a>",
            b"<a><div>",
            b"<a/x>",
            b"<a\0>",
            b"<a\x0b>",
            b"</p>",
            b"</x>",
            b"<br>",
            b"<x:y>",
            b"<form>",
            b"<html x>",
        ),
        *(b"<!---->", b"<!-- <div> -->", b"<!>", b"<?x>", b"</>", b"<", b"<title></title>", b"<style><div></style>"),
        *(b"<title x=y>z</title >", b"<script><!--</script>", b"<textarea></textarea>"),
    ],
)
def test_no_depth_hides_a_release(layer: bytes) -> None:
    # A deep page is not refused: layout is taken away before it can cost anything.
    assert read(layer * DEEP + LINK) == [("six-1.0.zip", "it is <b>old</b>")]
    assert ("six-1.0.zip", "it is <b>old</b>") in read(LINK + layer * DEEP)


def _numbered(form: bytes, count: int) -> bytes:
    return b"".join(form % number for number in range(count))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<a " + b"x " * 200_000 + b">", "a tag of the page has more than"),
        (b"<a " + b"/x" * 200_000 + b">", "a tag of the page has more than"),
        (b"<div " + b"x='>'" * 200_000 + b">", "a tag of the page has more than"),
        (b"</a " + b'x="<a "' * 200_000, "a tag of the page has more than"),
        (b'<a href="' + b'x" x="' * 200_000 + b'">', "a tag of the page has more than"),
        (_numbered(b"<a x%d>", 200_000), "names of tags and attributes"),
        (_numbered(b"<x%d>", 200_000), "names of tags and attributes"),
        (_numbered(b"<html x%d=y>", 200_000), "names of tags and attributes"),
        (_numbered(b"<p><b x%d>z", 200_000), "names of tags and attributes"),
        (b"<br>" * (MAX_TAGS + 1), "tags"),
        (b"<base href='/" + b"x" * 10_000 + b"'>", "base address"),
    ],
    ids=range(11),
)
def test_what_would_be_costly_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(Failure, match=said) as caught:
        parse_html_page(body + LINK, URL, "six")
    assert caught.value.reason is Reason.BAD_PAGE


def test_the_bounds_themselves_are_allowed() -> None:
    each = b" ".join(b"x%d" % number for number in range(MAX_ATTRIBUTES_EACH))
    assert read(b"<a %s>" % each * 3 + _numbered(b"<x%d>", MAX_NAMES - 200) + LINK)
    assert read(b"<br>" * (MAX_TAGS - 10) + LINK)


@pytest.mark.parametrize("around", [b"", b"<p>" * 100], ids=["plain", "flattened"])
@pytest.mark.parametrize(
    ("text", "hrefs"),
    [
        (b"<a href=x>", ["x"]),
        (b"<A\tHREF='x'>y</A>", ["x"]),
        (b'<a\rhref = "x" >', ["x"]),
        (b'<a href="x"class="y">', ["x"]),
        (b'<a href="x<y>&lt;z &amp; < <!">', ["x<y><z & < <!"]),
        (b'<a href="<wbr x">', ["<wbr x"]),
        (b'<a href="<wbr\fx">', ["<wbr\fx"]),
        (b"<a href=x/>y</a>", ["x/"]),
        (b"<a 'href=x href=y>", ["y"]),
        (b"<!-- <a href=x> --><a href=y>", ["y"]),
        (b"<!--><a href=y>", ["y"]),
        (b"<!-- --!><a href=y>", ["y"]),
        (b"<script>'<a href=x>'</script><a href=y>", ["y"]),
        (b"<STYLE><a href=x></style ><a href=y>", ["y"]),
        (b"<textarea><a href=x></textareas></textarea><a href=y>", ["y"]),
        (b"<abbr href=x><article href=x><a href=y>", ["y"]),
        (b"<title><a href=x></title><a href=y>", ["y"]),
        (b"<a href=x><b>y</b></a><ul><li><a href=y></ul>", ["x", "y"]),
        (b"<table><tr><td><a href=x>x</a></td></tr></table>", ["x"]),
    ],
)
def test_anchors_are_those_of_a_browser(around: bytes, text: bytes, hrefs: list[str]) -> None:
    tree = html_tree(around + text)
    assert [attribute(anchor, "href") for anchor in tree.css("a[href]")] == hrefs


def test_a_release_of_too_many_files_keeps_the_first() -> None:
    names = _numbered(b"<a href=six-1.0-%d-py3-none-any.whl></a>", MAX_FILES_OF_RELEASE + 7)
    page = parse_html_page(names, URL, "six")
    assert (len(page.files["1"]), page.left_out) == (MAX_FILES_OF_RELEASE, 7)


def test_an_address_that_is_too_long_to_be_asked_is_left_out() -> None:
    longest = LONGEST_ADDRESS - len(URL)
    page = parse_html_page(
        b"<a href=%b>six-1.0.tar.gz</a><a href=%b>six-2.0.tar.gz</a>" % (b"a" * longest, b"a" * (longest + 1)),
        URL,
        "six",
    )
    assert (list(page.files), page.left_out) == (["1"], 1)


def test_a_page_of_too_many_files_is_refused() -> None:
    files = b",".join(b'{"filename":"six-%d.tar.gz","url":"f"}' % n for n in range(MAX_FILES + 1))
    with pytest.raises(Failure, match="more than 250,000 files") as caught:
        parse_json_page(b'{"files":[' + files + b"]}", URL, "six")
    assert caught.value.reason is Reason.BAD_PAGE
    assert len(parse_json_page(b'{"files":[' + files.rpartition(b",{")[0] + b"]}", URL, "six").files) == MAX_FILES


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (b"[" * 10_000_000, "more than"),
        (b"[" * 1_000_000, "is not"),
        (b'{"a":' * 1_000_000, "is not"),
        (b"[]," * MAX_VALUES + b"[]]", "more than"),
        (b"1," * MAX_VALUES + b"1]", "more than"),
    ],
    ids=range(5),
)
def test_json_that_would_be_costly_is_refused(files: bytes, said: str) -> None:
    with pytest.raises(Failure, match=said) as caught:
        parse_json_page(b'{"files":[' + files, URL, "six")
    assert caught.value.reason is Reason.BAD_PAGE


@pytest.mark.parametrize(
    "odd",
    [b'"a":1,' * 1_000_000, b'"n":' + b"9" * 1_000_000 + b",", b'"n":0.' + b"9" * 1_000_000 + b",", b'"n":NaN,'],
    ids=["one key", "an integer", "a fraction", "no number"],
)
def test_json_that_is_only_odd_is_read(odd: bytes) -> None:
    page = parse_json_page(b"{" + odd + b'"files":[{"filename":"six-1.0.zip","url":"six-1.0.zip"}]}', URL, "six")
    assert list(page.files) == ["1"]
