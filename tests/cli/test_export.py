"""Configurations for search engines, from a sync to standard output."""

import json
from pathlib import Path

import pytest

from tests.desk import Desk


def exported(desk: Desk, *arguments: str) -> object:
    ran = desk.stored("export", *arguments)
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


def test_from_this_machines_disk(desk: Desk) -> None:
    desk.sync()
    found = exported(desk, "livegrep")
    assert isinstance(found, dict)
    assert len(found["repositories"]) == 2
    for repository in found["repositories"]:
        assert (Path(repository["path"]) / "HEAD").is_file()
        assert "metadata" not in repository
    hound = exported(desk, "hound")
    assert isinstance(hound, dict)
    assert all(one["url"].startswith("file:///") for one in hound["repos"].values())


def test_from_a_server(desk: Desk, database_url: str) -> None:
    place = ("--database-url", database_url)
    desk.sync(*place)
    found = exported(desk, "sourcebot", "--url", "https://code.example.com/base/", *place)
    assert isinstance(found, dict)
    assert len(found["connections"]) == 2
    assert all(
        one["url"].startswith("https://code.example.com/base/git/python/") for one in found["connections"].values()
    )


def test_sourcegraph_needs_no_database_but_an_address(desk: Desk) -> None:
    found = exported(desk, "sourcegraph", "--url", "http://box:3434")
    assert found == {"url": "http://box:3434", "repos": ["src-serve"]}
    ran = desk.stored("export", "sourcegraph")
    assert (ran.status, ran.out) == (3, "")
    assert "give its address with --url" in ran.err


@pytest.mark.parametrize(
    "url", ["code.example.com", "ftp://h", "https://h?x", "https://h#x", "https://:1", "https://u:p@h"]
)
def test_what_is_no_servers_address(desk: Desk, url: str) -> None:
    ran = desk.stored("export", "hound", "--url", url)
    assert ran.status == 2
    assert "u:p" not in ran.err


def test_nothing_synced_yet(desk: Desk) -> None:
    ran = desk.stored("export", "hound")
    assert (ran.status, ran.out) == (3, "")
    assert "Nothing has been synced into" in ran.err
