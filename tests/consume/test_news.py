import json
from typing import Any

import pytest

from codehost.consume.news import Item, News, NoNewsError, problem_with, problem_with_name, read_news

COMMIT = "c" * 40
ENTRY = {"kind": "created", "name": "a/b", "commit": COMMIT, "webUrl": "http://x/a/b", "cursor": "1", "more": "else"}
ITEM = Item(name="a/b", commit=COMMIT, web_url="http://x/a/b")


def page(*items: object, **more: object) -> bytes:
    return json.dumps({"items": items, "cursor": "7", "more": False, **more}).encode()


def test_a_page() -> None:
    assert read_news(page(ENTRY, more=True)) == News(items=(ITEM,), cursor="7", more=True)


@pytest.mark.parametrize(
    ("changed", "item"),
    [
        ({"kind": "updated"}, ITEM),
        ({"kind": "marked"}, ITEM),
        ({"kind": "not known yet"}, ITEM),
        ({"kind": "removed", "webUrl": None}, Item(name="a/b", commit=None, web_url="")),
        ({"commit": None}, Item(name="a/b", commit="", web_url="http://x/a/b")),
    ],
)
def test_what_an_entry_means(changed: dict[str, Any], item: Item) -> None:
    assert read_news(page(ENTRY | changed)).items == (item,)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        page({}),
        page(cursor=1),
        page(more="no"),
        page(ENTRY | {"name": 1}),
        b'{"\xff": 1}',
    ],
)
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(NoNewsError):
        read_news(body)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("../x", "no repository can have this name"),
        ("/etc/x", "no repository can have this name"),
        (".codehost-follow/state", "no repository can have this name"),
        ("", "no repository can have this name"),
        ("a/1.0+x.git/hooks", "may be another clone"),
    ],
)
def test_names_that_nothing_is_made_by(name: str, part: str) -> None:
    assert part in (problem_with_name(name) or "")


@pytest.mark.parametrize(
    ("item", "part"),
    [
        (ITEM, None),
        (Item(name="a/1.0+x.git", commit=COMMIT, web_url="https://x/"), None),
        (Item(name="..", commit=COMMIT, web_url="https://x/"), "name"),
        (Item(name="a", commit="", web_url="https://x/"), "commit"),
        (Item(name="a", commit="--upload-pack=x", web_url="https://x/"), "commit"),
        (Item(name="a", commit=COMMIT.upper(), web_url="https://x/"), "commit"),
        (Item(name="a", commit=COMMIT, web_url=""), "web address"),
        (Item(name="a", commit=COMMIT, web_url="javascript:x"), "web address"),
        (Item(name="a", commit=COMMIT, web_url="https://x/\n[core]"), "web address"),
    ],
)
def test_what_cannot_be_taken(item: Item, part: str | None) -> None:
    problem = problem_with(item)
    assert problem is None if part is None else part in (problem or "")
