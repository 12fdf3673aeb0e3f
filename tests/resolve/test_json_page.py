import json
from typing import Any

import pytest

from codehost.model.errors import Failure, Reason
from codehost.resolve.json_page import parse_json_page
from codehost.resolve.project_page import ProjectPage

URL = "https://m.example/simple/six/"
SIX: dict[str, Any] = {"filename": "six-1.0.tar.gz", "url": "../../p/six-1.0.tar.gz", "hashes": {}}


def read(*files: Any, **more: Any) -> ProjectPage:
    page = {"meta": {"api-version": "1.1"}, "name": "six", "files": files, **more}
    return parse_json_page(json.dumps(page).encode(), URL, "six")


def test_everything_of_a_file() -> None:
    entry = SIX | {
        "hashes": {"SHA256": "AB" * 32, "odd": 3},
        "size": 123,
        "upload-time": "2024-01-01T00:00:00Z",
        "yanked": "broken",
        "requires-python": ">=3.8",
    }
    (file,) = read(entry).files["1"]
    assert file.url == "https://m.example/p/six-1.0.tar.gz"
    assert file.hashes == {"sha256": "ab" * 32}
    assert (file.size, file.upload_time) == (123, "2024-01-01T00:00:00Z")
    assert (file.yanked, file.requires_python) == ("broken", ">=3.8")


@pytest.mark.parametrize(
    ("yanked", "expected"), [(False, None), (True, ""), ("why", "why"), ("", None), (None, None), (3, None)]
)
def test_yanked(yanked: object, expected: str | None) -> None:
    assert read(SIX | {"yanked": yanked}).files["1"][0].yanked == expected


@pytest.mark.parametrize("size", [None, "12", -1, True, 1.5, [], float("nan"), float("inf"), 10**30, 10**4000])
def test_a_size_that_is_none(size: object) -> None:
    assert read(SIX | {"size": size}).files["1"][0].size is None


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "six-2.0.tar.gz",
        {"filename": "six-2.0.tar.gz"},
        {"filename": 3, "url": "x"},
        {"filename": "six-2.0.tar.gz", "url": "https://[h/x"},
        {"filename": "six-2.0.tar.gz", "url": "ftp://h/x"},
        {"filename": "../six-2.0.tar.gz", "url": "x"},
        {"filename": "six-latest.tar.gz", "url": "x"},
        {"filename": "six-2.0.tar.gz", "url": None},
        {"filename": "six-2.0.tar.gz", "url": ""},
        {"filename": None, "url": "x"},
        {"filename": "six-2.0-py3-none-a/b.whl", "url": "x"},
        {"filename": "six-2.0-py3-none-a%2Fb.whl", "url": "x"},
        {"filename": "six-2.0-py3-none-\ud800.whl", "url": "x"},
        {"filename": "six-2.0.tar.gz", "url": "https://h:99999/x"},
        {"filename": "six-2.0.tar.gz", "url": "data:,x"},
        {},
        [],
        7,
    ],
)
def test_a_bad_entry_is_left_out_and_counted(entry: object) -> None:
    page = read(entry, SIX)
    assert (list(page.files), page.left_out) == (["1"], 1)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("six-1.0.tar.gz", "https://m.example/simple/six/six-1.0.tar.gz"),
        ("/p/six-1.0.tar.gz#sha256=ab", "https://m.example/p/six-1.0.tar.gz"),
        ("//cdn.example/six-1.0.tar.gz?sig=a%2Fb&c", "https://cdn.example/six-1.0.tar.gz?sig=a%2Fb&c"),
        ("https://u:secret@f.example/get?id=7", "https://f.example/get?id=7"),
        ("https://f.example/six-1.0.tar.gz?sig=\ud800", "https://f.example/six-1.0.tar.gz?sig=?"),
    ],
)
def test_links(url: str, expected: str) -> None:
    (file,) = read(SIX | {"url": url}).files["1"]
    assert (file.url, file.filename) == (expected, "six-1.0.tar.gz")


@pytest.mark.parametrize(
    ("filename", "version"),
    [("torch-2.5.0%2Bcu124-cp311-none-any.whl", "2.5+cu124"), ("Torch-1%212.0.tar.gz", "1!2")],
)
def test_names_that_a_server_encodes(filename: str, version: str) -> None:
    body = json.dumps({"files": [{"filename": filename, "url": filename}]}).encode()
    (file,) = parse_json_page(body, "https://m.example/simple/torch/", "torch").files[version]
    assert "%" not in file.filename
    assert file.url == f"https://m.example/simple/torch/{filename}"


def test_nulls_everywhere() -> None:
    nulls = dict.fromkeys(("size", "upload-time", "yanked", "requires-python", "hashes", "core-metadata", "gpg-sig"))
    page = read(SIX | nulls, versions=None, **{"project-status": None, "meta": None, "name": None})
    (file,) = page.files["1"]
    assert (file.size, file.upload_time, file.yanked, file.requires_python, file.hashes) == (None, None, None, None, {})


def test_keys_that_do_not_matter_here() -> None:
    entry = SIX | {
        "core-metadata": {"sha256": "ab"},
        "dist-info-metadata": True,
        "gpg-sig": "no",
        "provenance": None,
        "_x": [],
    }
    page = read(entry, tracks=["https://other.example/simple/six/"], **{"alternate-locations": ["https://x.example/"]})
    assert page.files["1"][0].filename == "six-1.0.tar.gz"
    assert page.left_out == 0


def test_of_two_files_with_one_name_the_first_counts() -> None:
    first, second = SIX | {"hashes": {"sha256": "aa" * 32}}, SIX | {"url": "x", "hashes": {"sha256": "bb" * 32}}
    for entries, digest in (((first, second), "aa"), ((second, first), "bb")):
        (file,) = read(*entries).files["1"]
        assert file.hashes == {"sha256": digest * 32}


@pytest.mark.parametrize(
    "spoiled",
    [
        b'"size": NaN',
        b'"size": 1e999',
        b'"size": ' + b"9" * 6000,
        b'"yanked": "caf\xe9"',
        b'"upload-time": "\\ud800"',
    ],
)
def test_one_value_that_json_does_not_know_spoils_nothing_else(spoiled: bytes) -> None:
    body = b'{"files": [{"filename": "six-1.0.tar.gz", "url": "a", %s}, {"filename": "six-2.0.zip", "url": "b"}]}'
    page = parse_json_page(body % spoiled, URL, "six")
    assert list(page.files) == ["1", "2"]
    assert page.files["1"][0].size is None
    for text in (page.files["1"][0].yanked, page.files["1"][0].upload_time):
        assert (text or "").encode().isascii() or text == "caf\ufffd"


def test_versions_without_files_are_known() -> None:
    page = read(SIX, versions=["1.0", "2.0", "2.0.0", "nonsense", 3, None, "9" * 9999, "1" + "_1" * 9999])
    assert page.other_versions == {"2"}
    assert not page.empty


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>", "called JSON and is not"),
        (b"[]", "without a list of files"),
        (b'{"files": {}}', "without a list of files"),
        (b'{"error": "no"}', "without a list of files"),
        (b'{"files": null}', "without a list of files"),
        (b"null", "without a list of files"),
        (b'"six"', "without a list of files"),
        (b'{"files": [}', "called JSON and is not"),
        (b'{"files": [' + b"[" * 100_000, "called JSON and is not"),
        (b'{"meta": {"api-version": 2}, "files": []}', "version '2'"),
        (b'{"meta": {"api-version": "x"}, "files": []}', "version 'x'"),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', "version '2.0'"),
    ],
)
def test_no_page(body: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        parse_json_page(body, URL, "six")
    assert caught.value.reason is Reason.BAD_PAGE


def test_a_page_without_meta_is_version_1() -> None:
    assert parse_json_page(b'{"files": []}', URL, "six").empty


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ({"status": "active"}, "active", None),
        ({"status": "archived", "reason": "see seven"}, "archived", "see seven"),
        ({"status": "deprecated", "reason": ""}, "deprecated", None),
        ({"status": "quarantined", "reason": 7}, "quarantined", None),
        ({"status": "Quarantined"}, "quarantined", None),
        ({"status": "haunted", "reason": "boo"}, None, None),
        ({"status": None}, None, None),
        ({"status": ["quarantined"]}, None, None),
        ("quarantined", None, None),
        ({}, None, None),
    ],
)
def test_status(given: object, status: str | None, reason: str | None) -> None:
    page = read(SIX, **{"project-status": given})
    assert (page.status, page.status_reason, page.format) == (status, reason, "JSON")
    assert page.quarantined is (status == "quarantined")
