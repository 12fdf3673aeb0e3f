"""Real releases with habits of their own: a handful is synced, some thirty are resolved, a page for each project.

No more than that: the public index is not there to be tested against. tests/integration/test_habits.py has the rest.
"""

import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.events import Event, RequestSent
from codehost.model.pins import parse_pin
from codehost.model.releases import DistributionFile
from codehost.net.fetcher import HttpFetcher
from codehost.net.local_budget import LocalBudget
from codehost.resolve.mirror_pages import NoMemory
from codehost.resolve.resolver import Resolver
from tests.acceptance.program import Desk
from tests.integration.taking import configured, resolving

pytestmark = pytest.mark.pypi

# What is pinned, and the file that must be taken for it; None: there is no such release.
PINS = {
    "six==1.16.0": "six-1.16.0.tar.gz",
    "pyreadline==2.1": "pyreadline-2.1.zip",
    "Twisted==13.2.0": "Twisted-13.2.0.tar.bz2",
    "entrypoints==0.2.2": "entrypoints-0.2.2-py2.py3-none-any.whl",
    "attrs==21.1.0": "attrs-21.1.0.tar.gz",
    "six==99.0.0": None,
}
FIRST = "six==1.16.0"
YANKED = "python/attrs/21.1.0"

# What is pinned: the file that a person would choose on that page, and the habit.
HABITS = {
    "Jinja2==2.7": ("Jinja2-2.7.tar.gz", "a capital and a digit in the name"),
    "MarkupSafe==0.23": ("MarkupSafe-0.23.tar.gz", "capitals"),
    "PyYAML==3.13": ("PyYAML-3.13.tar.gz", "an sdist among platform wheels"),
    "flask==0.12": ("Flask-0.12.tar.gz", "a capital where the pin has none"),
    "typing-extensions==3.7.4": (
        "typing_extensions-3.7.4.tar.gz",
        "an underscore for the pin's dash; 3.7.4.1 beside it",
    ),
    "zope-interface==4.0.5": ("zope.interface-4.0.5.zip", "a dot for the pin's dash; zip among eggs and installers"),
    "zope.interface==3.6.0": ("zope.interface-3.6.0.tar.gz", "a dot; eggs and installers"),
    "zope.interface==5.5.0.dev0": (
        "zope.interface-5.5.0.dev0-py2.py3-none-any.whl",
        "dev; a pure wheel among platform wheels, no sdist, all yanked",
    ),
    "backports.ssl_match_hostname==3.5.0.1": (
        "backports.ssl_match_hostname-3.5.0.1.tar.gz",
        "a dot and underscores; four numbers",
    ),
    "backports-ssl-match-hostname==3.2alpha3": (
        "backports.ssl_match_hostname-3.2a3.tar.gz",
        "alpha in full in the pin",
    ),
    "mysql-python==1.2.5": ("MySQL-python-1.2.5.zip", "capitals and a dash; zip beside an installer"),
    "MySQL_python==1.2.3rc1": ("MySQL-python-1.2.3c1.tar.gz", "c for rc; eggs that spell the name otherwise"),
    "beautifulsoup4==4.0.1": ("beautifulsoup4-4.0.1.tar.gz", "a name that ends as its version begins"),
    "enum34==1.1.6": ("enum34-1.1.6.tar.gz", "digits in the name; gzip before zip and two pure wheels"),
    "functools32==3.2.3.post2": ("functools32-3.2.3-2.tar.gz", "post as a dash; gzip before zip"),
    "configparser==3.3.0.post2": ("configparser-3.3.0r2.tar.gz", "post as a letter"),
    "configparser==3.5.0b2": ("configparser-3.5.0b2.tar.gz", "beta"),
    "protobuf==3.0.0b2.post2": ("protobuf-3.0.0b2.post2.tar.gz", "post behind a beta; gzip before zip and wheel"),
    "python-dateutil==2.9.0.post0": (
        "python-dateutil-2.9.0.post0.tar.gz",
        "post; a wheel that spells the name otherwise",
    ),
    "python-dateutil==2.4.1": ("python-dateutil-2.4.1.tar.bz2", "bzip2 before a wheel; post1 beside it"),
    "pylint==2.0.0.dev2": ("pylint-2.0.0.dev2.tar.gz", "dev; 2.0.0 beside it"),
    "Django==1.11rc1": ("Django-1.11rc1.tar.gz", "candidate"),
    "Django==1.8rc1": ("Django-1.8c1-py2.py3-none-any.whl", "c for rc; wheel only"),
    "Twisted==13.2.0": ("Twisted-13.2.0.tar.bz2", "bzip2 before platform wheels and an installer"),
    "pyreadline==2.1": ("pyreadline-2.1.zip", "zip beside installers"),
    "pyOpenSSL==0.13": ("pyOpenSSL-0.13.tar.gz", "eggs, .exe and .msi; 0.13.1 beside it"),
    "setuptools==0.6c11": ("setuptools-0.6c11.tar.gz", "a source rpm, .exe, eggs and zip"),
    "entrypoints==0.2.2": ("entrypoints-0.2.2-py2.py3-none-any.whl", "a pure wheel only"),
    "kaleido==0.2.1": ("kaleido-0.2.1-py2.py3-none-macosx_10_11_x86_64.whl", "platform wheels only: the first by name"),
    "attrs==21.1.0": ("attrs-21.1.0.tar.gz", "yanked"),
    "pytz==2013b": ("pytz-2013b.tar.gz", "a letter behind a year; zip, bzip2 and eggs"),
    "certifi==2018.01.18": ("certifi-2018.1.18.tar.gz", "zeros in the pin alone"),
    "certifi==2023.07.22": ("certifi-2023.7.22.tar.gz", "the same, years later"),
    "Unidecode==0.4.1": ("Unidecode-0.04.1.tar.gz", "a zero in the file's name alone; an egg"),
    "foursquare==2013.7.30": ("foursquare-2013.07.30.tar.gz", "the same in a date"),
    "foursquare==1!2019.9.11": ("foursquare-1!2019.9.11.tar.gz", "epoch"),
}
PULLED = {"attrs==21.1.0", "zope.interface==5.5.0.dev0"}
# Of requests: a server that is busy for a moment is asked again.
SPARE = 2


class _Sent:
    """Counts the requests that were sent."""

    def __init__(self) -> None:
        self.requests = 0

    def notify(self, event: Event) -> None:
        self.requests += isinstance(event, RequestSent)


async def test_real_releases_with_habits_of_their_own(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path)
    desk.configure(["https://pypi.org/simple"], list(PINS), rateLimit={"enabled": True, "requestsPerHour": 30})
    ended = await desk.sync()
    pins: list[dict[str, Any]] = ended.summary["pins"]
    if all(pin["reason"] == "network" for pin in pins):
        _unreachable(pins[0]["message"])
    assert {pin["pin"]: pin["file"] for pin in pins} == {pin.lower(): file for pin, file in PINS.items()}
    assert {pin["reason"] for pin in pins} == {None, "version-not-found"}
    assert (ended.status, ended.summary["counts"]["synced"]) == (1, len(PINS) - 1)
    assert ended.summary["requests"]["sent"] <= 2 * len(PINS)
    shown = await desk.run("show", YANKED, *desk.place)
    assert "yanked" in shown.stdout
    assert (await desk.verify()).status == 0


async def test_its_base_is_enough() -> None:
    async with resolving(configured("https://pypi.org")) as (resolver, _, budget):
        try:
            resolution = await resolver.resolve(parse_pin(FIRST))
        except Failure as failure:
            if failure.reason is not Reason.NETWORK:
                raise
            _unreachable(str(failure))
        assert (resolution.file.filename, resolution.page_url) == (PINS[FIRST], "https://pypi.org/simple/six/")
        assert budget.spent == 1


async def test_the_file_that_a_person_would_choose() -> None:
    sent = _Sent()
    config = configured("https://pypi.org/simple")
    async with HttpFetcher(LocalBudget(600, sent)) as fetcher:
        resolver = Resolver(fetcher, config.mirrors, NoMemory(), config.index_strategy)
        found = {pin: await _file(resolver, pin) for pin in HABITS}
    taken = {pin: file if isinstance(file, str) else file.filename for pin, file in found.items()}
    assert {pin: (file, HABITS[pin][1]) for pin, file in taken.items()} == HABITS
    assert {pin for pin, file in found.items() if not isinstance(file, str) and file.yanked is not None} >= PULLED
    projects = {parse_pin(pin).project for pin in HABITS}
    assert len(projects) <= sent.requests <= len(projects) + SPARE


async def _file(resolver: Resolver, pin: str) -> DistributionFile | str:
    """The file for a pin, or why there is none."""
    try:
        return (await resolver.resolve(parse_pin(pin))).file
    except Failure as failure:
        if failure.reason is Reason.NETWORK:
            _unreachable(str(failure))
        return str(failure)


def _unreachable(message: str) -> NoReturn:
    if "pypi" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
        pytest.fail(f"the public simple API is required but cannot be reached: {message}")
    pytest.skip(f"the public simple API cannot be reached: {message}")
