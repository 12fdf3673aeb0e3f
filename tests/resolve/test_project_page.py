from collections.abc import Mapping
from typing import Any

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.releases import FileKind
from codehost.resolve.filenames import parse_filename
from codehost.resolve.project_page import Details, Entry, PageBuilder, ProjectPage, check_api_version, join

URL = "https://m.example/simple/six/"


def entry(filename: str, href: str | None = None, raw: Mapping[str, Any] | None = None) -> Entry:
    return Entry(filename, parse_filename(filename, "six"), href or filename, raw or {})


def built(*entries: Entry, read: list[Entry] | None = None, base: str = URL) -> PageBuilder:
    def details(one: Entry) -> Details:
        if read is not None:
            read.append(one)
        return Details(size=one.raw.get("size"))

    builder = PageBuilder(url=URL, format="HTML", base=base, details=details)
    for one in entries:
        builder.add(one)
    return builder


def test_only_the_version_that_is_looked_up_is_read() -> None:
    read: list[Entry] = []
    entries = [entry(f"six-{version}.0{suffix}") for version in range(3) for suffix in (".zip", ".tar.gz")]
    page = built(*entries, read=read).page()
    assert (len(page.files), list(page.files), "1" in page.files, page.empty) == (3, ["0", "1", "2"], True, False)
    assert read == []
    assert [file.filename for file in page.files["1"]] == ["six-1.0.zip", "six-1.0.tar.gz"]
    assert read == entries[2:4]


def test_a_version_that_is_not_there() -> None:
    page = built(entry("six-1.0.zip")).page()
    assert page.files.get("2", ()) == ()
    with pytest.raises(KeyError):
        page.files["2"]


def test_a_file_is_made_of_its_entry() -> None:
    (file,) = built(entry("six-1.0.zip", "../../p/a.zip#x", {"size": 7})).page().files["1"]
    assert (file.filename, file.url, file.kind, file.version) == (
        "six-1.0.zip",
        "https://m.example/p/a.zip",
        FileKind.SDIST,
        "1",
    )
    assert (file.size, file.hashes, file.yanked) == (7, {}, None)


def test_the_first_of_two_entries_with_one_name_counts() -> None:
    page = built(entry("six-1.0.zip", "a"), entry("six-1.0.tar.gz", "b"), entry("six-1.0.zip", "c")).page()
    assert [file.url.rpartition("/")[2] for file in page.files["1"]] == ["a", "b"]
    assert page.left_out == 0


@pytest.mark.parametrize(
    "href",
    [
        "six.zip",
        "a/six.zip",
        "../six.zip",
        "./six.zip",
        "/six.zip",
        "//f.example/six.zip",
        "?id=7",
        "get?u=ftp://x",
        "six.zip#a:b",
        "https://f.example/six.zip",
        "http://f.example:80/six.zip",
        "http://f.example:65535/six.zip",
        "https://[2001:db8::1]:8443/six.zip",
        "https://u:p@f.example/six.zip",
        "HTTPS://F.EXAMPLE/six.zip",
        "https://f.example",
    ],
)
def test_addresses_that_lead_somewhere(href: str) -> None:
    page = built(entry("six-1.0.zip", href)).page()
    assert (len(page.files), page.left_out) == (1, 0)
    assert page.files["1"][0].url.lower().startswith("http")


@pytest.mark.parametrize(
    "href",
    [
        "ftp://f.example/six.zip",
        "file:///six.zip",
        "data:,six",
        "javascript:void(0)",
        "mailto:a@b.example",
        "https://[f/six.zip",
        "//[f/six.zip",
        "https://f.example:x/six.zip",
        "https://f.example:99999/six.zip",
    ],
)
def test_addresses_that_lead_nowhere(href: str) -> None:
    page = built(entry("six-1.0.zip", href), entry("six-2.0.zip")).page()
    assert (list(page.files), page.left_out) == (["2"], 1)


def test_what_is_counted_and_what_is_ignored() -> None:
    builder = built(
        entry("six-latest.zip"),
        entry("seven-1.0.zip"),
        entry("six-1.0.zip.asc"),
        entry("readme.txt"),
        entry("six-3.0.exe"),
        entry("six-2.0.exe"),
        entry("six-2.0.zip"),
    )
    builder.leave_out()
    page = builder.page(versions={"4", "2"})
    assert (list(page.files), page.other_versions, page.left_out) == (["2"], frozenset({"3", "4"}), 3)


@pytest.mark.parametrize(
    ("page", "empty"),
    [
        (built().page(), True),
        (built(entry("readme.txt")).page(), True),
        (built(entry("six-latest.zip")).page(), False),
        (built(entry("six-1.0.exe")).page(), False),
        (built().page(versions={"1"}), False),
    ],
)
def test_empty(page: ProjectPage, empty: bool) -> None:  # noqa: FBT001 - a column of the table
    assert page.empty is empty


@pytest.mark.parametrize(
    ("base", "href", "address"),
    [
        (URL, "six.zip#sha256=ab", "https://m.example/simple/six/six.zip"),
        (URL, "https://u:p@f.example/six.zip?a=b#c", "https://f.example/six.zip?a=b"),
        (URL, "a@b/six.zip", "https://m.example/simple/six/a@b/six.zip"),
        ("https://u:p@m.example/", "six.zip", "https://m.example/six.zip"),
    ],
)
def test_join(base: str, href: str, address: str) -> None:
    assert join(base, href) == address


@pytest.mark.parametrize("version", ["1.0", "1", " 1.99 ", "1.0.0"])
def test_api_versions_that_are_understood(version: str) -> None:
    check_api_version(version)


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.0", "", "x"])
def test_api_versions_that_are_not(version: str) -> None:
    with pytest.raises(Failure, match="of the simple API, not 1") as caught:
        check_api_version(version)
    assert caught.value.reason is Reason.BAD_PAGE
