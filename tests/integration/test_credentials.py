"""Credentials in every way in which they can be written, against servers that want them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from codehost.model.errors import Reason
from tests.integration.forwarder import Forwarder
from tests.integration.releases import PRIVATE, PUBLIC, SDIST, fill, sha256
from tests.integration.servers import PASSWORD, USER, Server
from tests.integration.taking import configured, failing, take
from tests.simulator.mirror import Mirror

PIN = "inhouse==1.0"
WRONG = "wróng/password"
# All real servers but the one with a password of its own stand behind a proxy that wants one, as most do.
SERVERS = ("locked_pypiserver", "static_server", "proxpi_server", "simpleindex_server", "devpi_mirror", "devpi_stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A server that wants ``USER`` and ``PASSWORD``, as a person writes it down."""

    origin: str
    forms: tuple[str, ...]
    front: Forwarder

    @property
    def root(self) -> str:
        return self.origin + self.forms[-1]


@pytest.fixture(params=SERVERS)
async def locked(request: pytest.FixtureRequest) -> AsyncIterator[Locked]:
    server: Server = request.getfixturevalue(request.param)
    password = None if request.param == "locked_pypiserver" else PASSWORD
    async with Forwarder(target=server.origin, username=USER, password=password) as front:
        yield Locked(origin=front.origin, forms=server.forms, front=front)


@pytest.fixture
async def public() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        fill(mirror, PUBLIC)
        yield mirror


def in_the_url(url: str, password: str, _: Path) -> object:
    return url.replace("://", f"://{USER}:{quote(password, safe='')}@", 1)


def in_an_object(url: str, password: str, _: Path) -> object:
    return {"url": url, "username": USER, "password": password}


def in_an_objects_url(url: str, password: str, folder: Path) -> object:
    return {"url": in_the_url(url, password, folder)}


def in_the_environment(url: str, password: str, _: Path) -> object:
    names = {PASSWORD: "RIGHT", WRONG: "WRONG"}
    return {"url": url, "username": {"env": "USER_NAME"}, "password": {"env": names[password]}}


def in_a_file(url: str, password: str, folder: Path) -> object:
    path = folder / "password"
    path.write_text(f"{password}\n", encoding="utf-8")
    return {"url": url, "username": USER, "password": {"file": str(path)}}


ENVIRONMENT = {"RIGHT": PASSWORD, "WRONG": WRONG, "USER_NAME": USER}
Writing = Callable[[str, str, Path], object]
WRITINGS = (in_the_url, in_an_object, in_an_objects_url, in_the_environment, in_a_file)


@pytest.mark.parametrize("write", WRITINGS)
async def test_right_credentials_open_page_and_file(write: Writing, locked: Locked, tmp_path: Path) -> None:
    for form in locked.forms:
        config = configured(write(locked.origin + form, PASSWORD, tmp_path), environment=ENVIRONMENT)
        taken = await take(config, PIN, tmp_path)
        assert (taken.filename, taken.sha256) == (SDIST, sha256(PRIVATE, SDIST))
        assert taken.mirror == locked.origin + form
    # From the first request on: nothing is asked without them first.
    assert None not in locked.front.authorizations


@pytest.mark.parametrize("write", WRITINGS)
async def test_wrong_credentials_stop_before_the_public_mirror(
    write: Writing, locked: Locked, public: Mirror, tmp_path: Path
) -> None:
    for form in locked.forms:
        config = configured(write(locked.origin + form, WRONG, tmp_path), public.url, environment=ENVIRONMENT)
        for pin in (PIN, "common==1.0", "open==1.0"):
            failure = await failing(config, pin, tmp_path)
            assert (failure.reason, failure.mirror) == (Reason.AUTH, locked.origin + form), failure
            assert "were refused" in str(failure)
            assert WRONG not in str(failure)
    assert public.requests == []


async def test_without_credentials_the_mirror_is_said_to_want_some(
    locked: Locked, public: Mirror, tmp_path: Path
) -> None:
    for form in locked.forms:
        failure = await failing(configured(locked.origin + form, public.url), "common==1.0", tmp_path)
        assert (failure.reason, failure.mirror) == (Reason.AUTH, locked.origin + form), failure
        assert "wants credentials" in str(failure)
    assert public.requests == []


async def test_credentials_of_one_mirror_do_not_reach_the_other(locked: Locked, public: Mirror, tmp_path: Path) -> None:
    config = configured(in_an_object(locked.root, PASSWORD, tmp_path), public.url)
    assert (await take(config, "open==1.0", tmp_path)).mirror == public.url
    assert [seen for seen in public.requests if "authorization" in seen.headers] == []


async def test_the_public_mirror_may_have_a_password_of_its_own(locked: Locked, tmp_path: Path) -> None:
    async with Mirror(username="other", password="another") as public:
        fill(public, PUBLIC)
        config = configured(in_an_object(locked.root, PASSWORD, tmp_path), public.authenticated_url)
        assert (await take(config, "common==1.0", tmp_path)).mirror == locked.root
        assert (await take(config, "common==2.0", tmp_path)).mirror == public.url
        wrong = configured(in_an_object(locked.root, PASSWORD, tmp_path), public.url)
        assert (await failing(wrong, "common==2.0", tmp_path)).mirror == public.url
