"""Makes of mirrors that cannot run here, simulated: from the entry that a person writes to the verified file."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from codehost.model.codehosts import CodeHostConfig
from codehost.model.errors import Failure, Reason
from tests.integration.taking import Taken, configured, failing, take
from tests.simulator.distfiles import make_sdist, make_wheel
from tests.simulator.make import ENVIRONMENT, OTHER_HOST, SECRET, TOKEN, Files, Make
from tests.simulator.makes import (
    MAKES,
    Artifactory,
    Azure,
    BaseElsewhere,
    CodeArtifact,
    GitLab,
    Nexus,
    ProGet,
    Pypicloud,
    PyTorch,
    Repsy,
    StaticTree,
)
from tests.simulator.sites import SIGNATURE

SIX, TORCH = "six-1.16.0.tar.gz", "torch-2.5.0+cu124-cp311-cp311-linux_x86_64.whl"
FILES: Files = {
    "six-1.15.0.tar.gz": make_sdist("six", "1.15.0"),
    SIX: make_sdist("six", "1.16.0", {"long.txt": bytes(range(256)) * 64}),
    "six-1.16.0-py2.py3-none-any.whl": make_wheel("six", "1.16.0", tag="py2.py3-none-any"),
    TORCH: make_wheel("torch", "2.5.0+cu124", tag="cp311-cp311-linux_x86_64"),
}
OTHERS: Files = {"seven-7.0.tar.gz": make_sdist("seven", "7.0"), SIX: make_sdist("six", "1.16.0", {"o": b"another"})}

FORMS = [
    pytest.param(make, f"{form}{slash}", id=f"{make.__name__}-{form}{slash}")
    for make in MAKES
    for form in make.forms
    for slash in ("", "/")
]


def config(*entries: dict[str, Any]) -> CodeHostConfig:
    return configured(*entries, environment=ENVIRONMENT)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def check_secrets_stay(make: Make, taken: Taken | Failure) -> None:
    """No secret is told, and none leaves the mirror's own origin."""
    told = f"{taken!r} {taken}"
    assert SECRET not in told
    assert TOKEN not in told
    assert {asked.authorization for asked in make.storage.asked} <= {None}


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
def test_what_a_make_does_is_known_from_somewhere(make: type[Make]) -> None:
    assert make.__doc__
    assert ":" in make.source or "issue" in make.source


@pytest.mark.parametrize(("make", "form"), FORMS)
async def test_every_form_leads_to_the_file(make: type[Make], form: str, tmp_path: Path) -> None:
    async with make(FILES) as server:
        taken = await take(config(server.entry(form)), "Six==1.16", tmp_path)
        assert (taken.filename, taken.sha256) == (SIX, sha256(FILES[SIX]))
        assert taken.download.verified == make.verified
        assert taken.resolution.page_url == f"{server.site.origin}{make.prefix}{make.root}/six/"
        assert taken.requests == len(server.site.asked) + len(server.storage.asked)
        assert {asked.method for asked in (*server.site.asked, *server.storage.asked)} == {"GET"}
        check_secrets_stay(server, taken)


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
async def test_a_wheel_with_a_local_version(make: type[Make], tmp_path: Path) -> None:
    async with make(FILES) as server:
        taken = await take(config(server.entry(make.forms[0])), "torch==2.5.0+cu124", tmp_path)
        assert (taken.filename, taken.sha256) == (TORCH, sha256(FILES[TORCH]))


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    ("pin", "reason"), [("nowhere==1.0", Reason.NOT_FOUND), ("six==9.9", Reason.VERSION_NOT_FOUND)]
)
async def test_what_a_mirror_lacks(make: type[Make], pin: str, reason: Reason, tmp_path: Path) -> None:
    async with make(FILES) as server:
        for form in make.forms:
            failure = await failing(config(server.entry(form)), pin, tmp_path)
            assert (form, failure.reason) == (form, reason), failure
            check_secrets_stay(server, failure)


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
async def test_the_next_mirror_is_asked_for_what_one_lacks(make: type[Make], tmp_path: Path) -> None:
    async with make(FILES) as first, StaticTree(OTHERS) as second:
        urls = [first.entry(make.forms[0]), second.entry("/simple")]
        taken = await take(config(*urls), "seven==7.0", tmp_path)
        assert (taken.resolution.position, taken.filename) == (1, "seven-7.0.tar.gz")
        # The one asked first has it: the other one's file of that name is another file.
        again = await take(config(*urls), "six==1.16.0", tmp_path)
        assert again.sha256 == sha256(FILES[SIX])
        assert {asked.authorization for asked in second.site.asked} == {None}


LOCKED = [make for make in MAKES if make.settings.keys() & {"username", "headers"}]
NOTHING: dict[str, Any] = {"username": None, "password": None, "headers": None}


def wrong(make: type[Make]) -> dict[str, Any]:
    """The settings that hold the make's secret, with another one."""
    if "headers" in make.settings:
        return {"headers": dict.fromkeys(make.settings["headers"], "wrong")}
    return {"password" if "password" in make.settings else "username": "wrong"}


@pytest.mark.parametrize("make", LOCKED, ids=lambda make: make.__name__)
async def test_without_the_right_secret_the_search_stops(make: type[Make], tmp_path: Path) -> None:
    for secrets in (NOTHING, wrong(make)):
        async with make(FILES) as server, StaticTree(OTHERS) as public:
            for form in make.forms:
                urls = (server.entry(form, **secrets), public.entry("/simple"))
                failure = await failing(config(*urls), "six==1.16.0", tmp_path)
                assert (secrets, form, failure.reason) == (secrets, form, Reason.AUTH), failure
                # A public release must not stand in for a private one.
                assert public.site.asked == []


async def test_nexus_lists_a_file_that_its_proxy_cannot_get(tmp_path: Path) -> None:
    async with Nexus(FILES, gone=frozenset({SIX})) as server:
        failure = await failing(config(server.entry("")), "six==1.16.0", tmp_path)
        assert failure.reason is Reason.FILE_NOT_FOUND
        assert SIX in str(failure)


async def test_nexus_has_an_empty_page_for_what_a_group_lacks(tmp_path: Path) -> None:
    async with Nexus(FILES) as server:
        failure = await failing(config(server.entry("/simple")), "nowhere==1.0", tmp_path)
        assert "a page without files" in str(failure)


async def test_nexus_without_a_digest_has_its_bytes_recorded(tmp_path: Path) -> None:
    async with Nexus({TORCH: FILES[TORCH]}) as server:
        taken = await take(config(server.entry("")), "torch==2.5.0+cu124", tmp_path)
        assert (taken.download.verified, taken.sha256) == ((), sha256(FILES[TORCH]))


async def test_proget_lists_one_version_with_a_dash_and_with_an_underscore(tmp_path: Path) -> None:
    async with ProGet({"tools-1.0_1.tar.gz": make_sdist("tools", "1.0.post1")}) as server:
        taken = await take(config(server.entry("")), "tools==1.0-1", tmp_path)
        assert taken.resolution.file.version == "1.post1"


async def test_repsy_shows_the_upstream_of_the_highest_priority(tmp_path: Path) -> None:
    async with Repsy(FILES, OTHERS) as server:
        taken = await take(config(server.entry("")), "six==1.16.0", tmp_path)
        assert taken.sha256 == sha256(FILES[SIX])
        other = await take(config(server.entry("")), "seven==7.0", tmp_path)
        assert other.filename == "seven-7.0.tar.gz"


async def test_pytorch_lists_a_file_and_refuses_it(tmp_path: Path) -> None:
    async with PyTorch(FILES, gone=frozenset({TORCH})) as server:
        failure = await failing(config(server.entry("")), "torch==2.5.0+cu124", tmp_path)
        assert failure.reason in {Reason.FILE_NOT_FOUND, Reason.AUTH}
        assert "%2Bcu124" in str(failure)


async def test_pytorch_without_its_statuses_stops_at_what_it_lacks(tmp_path: Path) -> None:
    async with PyTorch(FILES) as server, StaticTree(OTHERS) as second:
        urls = (server.entry("", ignoreStatusCodes=None), second.entry("/simple"))
        failure = await failing(config(*urls), "seven==7.0", tmp_path)
        assert failure.reason is Reason.AUTH
        assert "ignoreStatusCodes" in str(failure)
        # What it has is found all the same.
        assert (await take(config(*urls), "torch==2.5.0+cu124", tmp_path)).filename == TORCH


@pytest.mark.parametrize("short", ["six", SIX])
async def test_artifactory_announces_more_than_it_sends_once(short: str, tmp_path: Path) -> None:
    async with Artifactory(FILES, short={short: 1}) as server:
        taken = await take(config(server.entry("/simple")), "six==1.16.0", tmp_path)
        assert (taken.sha256, taken.requests) == (sha256(FILES[SIX]), 3)


@pytest.mark.parametrize("short", ["six", SIX])
async def test_artifactory_announces_more_than_it_sends_for_ever(short: str, tmp_path: Path) -> None:
    async with Artifactory(FILES, short={short: 99}) as server:
        failure = await failing(config(server.entry("/simple")), "six==1.16.0", tmp_path)
        assert failure.reason is Reason.NETWORK
    assert not (tmp_path / "file").exists()


async def test_gitlab_sends_elsewhere_for_what_it_lacks(tmp_path: Path) -> None:
    async with StaticTree(OTHERS) as public:
        elsewhere = public.site.origin.replace("127.0.0.1", OTHER_HOST)
        async with GitLab(FILES, forwards_to=f"{elsewhere}/simple") as server:
            entry = server.entry("", allowedHosts=[OTHER_HOST])
            for one in (entry, server.entry("/simple", allowedHosts=[OTHER_HOST])):
                taken = await take(config(one), "seven==7.0", tmp_path)
                assert taken.resolution.page_url == f"{elsewhere}/simple/seven/"
                assert f"by redirect to {elsewhere}" in taken.resolution.asked[0].said
            assert {asked.authorization for asked in public.site.asked} == {None}
            # Its own projects are its own.
            assert (await take(config(entry), "six==1.16.0", tmp_path)).sha256 == sha256(FILES[SIX])


async def test_code_artifact_breaks_off_once(tmp_path: Path) -> None:
    async with CodeArtifact(FILES) as server:
        server.store.cuts = 1
        taken = await take(config(server.entry("/simple")), "six==1.16.0", tmp_path)
        assert taken.sha256 == sha256(FILES[SIX])
        assert [asked.path.partition("?")[2] for asked in server.storage.asked] == [SIGNATURE] * 2


@pytest.mark.parametrize("make", [CodeArtifact, Azure, Pypicloud, BaseElsewhere], ids=lambda make: make.__name__)
async def test_files_on_a_private_host_have_to_be_allowed(make: type[Make], tmp_path: Path) -> None:
    async with make(FILES) as server:
        failure = await failing(config(server.entry("/simple", allowedHosts=None)), "six==1.16.0", tmp_path)
        assert failure.reason is Reason.BLOCKED
        assert OTHER_HOST in str(failure)
        assert server.storage.asked == []


async def test_azure_sends_who_is_not_known_to_a_sign_in_page(tmp_path: Path) -> None:
    async with Azure(FILES) as server:
        failure = await failing(config(server.entry("/simple", password="expired")), "six==1.16.0", tmp_path)
        assert failure.reason is Reason.AUTH
        assert "sign-in page" in str(failure)


async def test_a_digest_that_is_another_file_s(tmp_path: Path) -> None:
    async with Pypicloud(FILES) as server:
        server.store.files = {**FILES, SIX: FILES["six-1.15.0.tar.gz"]}
        failure = await failing(config(server.entry("/simple")), "six==1.16.0", tmp_path)
        assert failure.reason is Reason.HASH_MISMATCH


async def test_a_static_tree_has_nothing_without_the_slash(tmp_path: Path) -> None:
    async with StaticTree(FILES) as server:
        taken = await take(config(server.entry("/simple")), "six==1.16.0", tmp_path)
        assert server.site.asked[0].path == "/simple/six/"
        assert taken.requests == 2
