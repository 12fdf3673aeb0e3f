"""A private mirror first and a public one second: who is asked, and whose file is taken."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codehost.model.errors import Reason
from tests.integration.processes import refusing
from tests.integration.releases import PRIVATE, PUBLIC, fill, sha256
from tests.integration.servers import Server, pypiserver
from tests.integration.taking import configured, failing, take
from tests.simulator.mirror import Fault, Mirror

COMMON = "common-1.0.tar.gz"
NEWER = "common-2.0.tar.gz"
OPEN = "open-1.0.tar.gz"


@pytest.fixture
async def public() -> AsyncIterator[Mirror]:
    """A mirror of its own for each test, so that its log shows what this test asked."""
    async with Mirror() as mirror:
        fill(mirror, PUBLIC)
        yield mirror


async def test_in_both_the_first_is_taken_and_the_second_not_asked(
    server: Server, public: Mirror, tmp_path: Path
) -> None:
    taken = await take(configured(server.root, public.url), "common==1.0", tmp_path)
    assert (taken.mirror, taken.sha256) == (server.root, sha256(PRIVATE, COMMON))
    assert public.requests == []


async def test_in_the_second_only_it_is_taken_there(server: Server, public: Mirror, tmp_path: Path) -> None:
    for pin, filename in (("open==1.0", OPEN), ("common==2.0", NEWER)):
        taken = await take(configured(server.root, public.url), pin, tmp_path)
        assert (taken.mirror, taken.sha256) == (public.url, sha256(PUBLIC, filename))
        assert [answer.mirror for answer in taken.resolution.asked] == [server.root, public.url]


async def test_first_index_stops_where_the_project_is_known(server: Server, public: Mirror, tmp_path: Path) -> None:
    config = configured(server.root, public.url, indexStrategy="first-index")
    failure = await failing(config, "common==2.0", tmp_path)
    assert failure.reason is Reason.VERSION_NOT_FOUND
    assert "first-index" in str(failure)
    assert public.requests == []
    assert (await take(config, "open==1.0", tmp_path)).mirror == public.url


async def test_in_neither_both_are_named(server: Server, public: Mirror, tmp_path: Path) -> None:
    failure = await failing(configured(server.root, public.url), "nowhere==1.0", tmp_path)
    assert failure.reason is Reason.NOT_FOUND
    assert server.root in str(failure)
    assert public.url in str(failure)


async def test_a_real_server_is_as_good_a_second(server: Server, public: Mirror, tmp_path: Path) -> None:
    taken = await take(configured(public.url, server.root), "inhouse==1.0", tmp_path)
    assert (taken.mirror, public.paths()) == (server.root, [public.page_path("inhouse")])
    taken = await take(configured(public.url, server.root), "common==1.0", tmp_path)
    assert (taken.mirror, taken.sha256) == (public.url, sha256(PUBLIC, COMMON))


async def test_nothing_is_taken_from_the_second_while_the_first_is_down(public: Mirror, tmp_path: Path) -> None:
    with refusing() as down:
        for first in (down, f"{down}/simple"):
            failure = await failing(configured(first, public.url), "common==1.0", tmp_path)
            assert (failure.reason, failure.mirror) == (Reason.NETWORK, first)
    assert public.requests == []


@pytest.mark.parametrize(("status", "goes_on"), [(404, True), (410, True), (401, False), (403, False), (503, False)])
async def test_only_a_clear_not_here_goes_on(status: int, goes_on: bool, public: Mirror, tmp_path: Path) -> None:  # noqa: FBT001 - a column of the table
    async with Mirror() as first:
        first.fault(first.page_path("common"), Fault(status=status))
        config = configured(first.url, public.url)
        if goes_on:
            assert (await take(config, "common==1.0", tmp_path)).mirror == public.url
        else:
            assert (await failing(config, "common==1.0", tmp_path)).mirror == first.url
            assert public.requests == []


async def test_a_disabled_mirror_is_not_asked(server: Server, public: Mirror, tmp_path: Path) -> None:
    config = configured({"url": public.url, "enabled": False}, server.root)
    assert (await take(config, "common==1.0", tmp_path)).mirror == server.root
    assert public.requests == []


async def test_a_fallback_is_another_servers_word(public: Mirror, tmp_path: Path) -> None:
    with pypiserver(tmp_path / "server", PRIVATE, fallback=public.url) as server:
        for url in server.urls():
            taken = await take(configured(url), "open==1.0", tmp_path)
            assert (taken.sha256, taken.resolution.page_url) == (sha256(PUBLIC, OPEN), f"{public.url}/open/")
            assert public.base in taken.resolution.asked[0].said
            # Its own are its own all the same.
            assert (await take(configured(url), "common==1.0", tmp_path)).sha256 == sha256(PRIVATE, COMMON)
            assert (await failing(configured(url), "nowhere==1.0", tmp_path)).reason is Reason.NOT_FOUND
