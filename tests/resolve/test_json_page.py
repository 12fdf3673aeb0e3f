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


@pytest.mark.parametrize("size", [None, "12", -1, True, 1.5])
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
    ],
)
def test_a_bad_entry_is_left_out_and_counted(entry: object) -> None:
    page = read(entry, SIX)
    assert (list(page.files), page.left_out) == (["1"], 1)


def test_versions_without_files_are_known() -> None:
    page = read(SIX, versions=["1.0", "2.0", "nonsense", 3])
    assert page.other_versions == {"2"}
    assert not page.empty


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>", "called JSON and is not"),
        (b"[]", "without a list of files"),
        (b'{"files": {}}', "without a list of files"),
        (b'{"error": "no"}', "without a list of files"),
        (b'{"meta": {"api-version": "2.0"}, "files": []}', "version '2.0'"),
    ],
)
def test_no_page(body: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        parse_json_page(body, URL, "six")
    assert caught.value.reason is Reason.BAD_PAGE


def test_a_page_without_meta_is_version_1() -> None:
    assert parse_json_page(b'{"files": []}', URL, "six").empty


def test_quarantined() -> None:
    assert read(**{"project-status": {"status": "quarantined"}}).quarantined
