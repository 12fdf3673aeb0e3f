"""Queries made at random: ``CODEHOST_TEST_QUERIES=100000`` tries so many, ``CODEHOST_TEST_SEED=8`` tries others."""

import os
import random

import pytest

from codehost.model.searching import QueryError
from codehost.search.query.documents import Document
from codehost.search.query.matching import Matcher
from codehost.search.query.parsing import parse
from codehost.search.query.tree import Node
from tests.search.query.reference import REPOSITORY, document, made, soup

COUNT = int(os.environ.get("CODEHOST_TEST_QUERIES", "400"))
SEED = int(os.environ.get("CODEHOST_TEST_SEED", "7"))


def as_bytes(text: str) -> bytes:
    """``text`` with a byte that is no character for each U+FFFD."""
    return text.encode().replace("\ufffd".encode(), b"\xff")


def understood_or_refused(text: str) -> Node | None:
    """The tree; None: it was refused, with a place in the text and a hint."""
    try:
        return parse(text)
    except QueryError as error:
        if not error.hint or not 0 <= error.position <= len(text):
            pytest.fail(f"{text!r}: {error}")
        return None


def test_what_is_found_is_what_another_way_finds() -> None:
    rng = random.Random(SEED)
    found = 0
    for _ in range(COUNT):
        query = made(rng)
        matcher = Matcher(parse(query.text))
        for path, content in (document(rng) for _ in range(5)):
            hits = matcher.match(REPOSITORY, Document(path=as_bytes(path), content=as_bytes(content)))
            assert hits == query.find(path, content), (query.text, path, content)
            assert hits is None or matcher.may_match(REPOSITORY, as_bytes(path)), (query.text, path)
            found += hits is not None
    assert found > COUNT


def test_soup_is_understood_or_refused() -> None:
    rng = random.Random(SEED)
    understood = 0
    for _ in range(COUNT * 4):
        text = soup(rng)
        tree = understood_or_refused(text)
        if tree is None:
            continue
        understood += 1
        Matcher(tree).match(REPOSITORY, Document(path=b"a/b.c", content="aai xx\né\n".encode()))
    assert understood > COUNT // 5
