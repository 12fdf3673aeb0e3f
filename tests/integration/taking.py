"""From a configuration document to a downloaded file, without a database and without processes."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from codehost.config.loading import load
from codehost.config.surroundings import ThisMachine
from codehost.download.downloader import Downloader
from codehost.model.codehosts import CodeHostConfig
from codehost.model.errors import Failure
from codehost.model.pins import parse_pin
from codehost.model.releases import Download, Resolution
from codehost.net.fetcher import HttpFetcher
from codehost.resolve.mirror_pages import NoMemory
from codehost.resolve.resolver import Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken for a pin, and from where."""

    resolution: Resolution
    download: Download
    requests: int

    @property
    def mirror(self) -> str:
        return self.resolution.mirror

    @property
    def filename(self) -> str:
        return self.resolution.file.filename

    @property
    def sha256(self) -> str:
        return self.download.sha256


class Counting:
    """A budget that allows everything and counts it."""

    def __init__(self) -> None:
        self.spent = 0

    async def spend(self) -> None:
        self.spent += 1


def configured(
    *urls: object, pins: tuple[str, ...] = (), environment: Mapping[str, str] | None = None, **more: object
) -> CodeHostConfig:
    """The code host that a document with these entries of ``urls`` describes."""
    document = {"urls": urls, "dependencies": pins, **more}
    loaded = load(json.dumps(document).encode(), ThisMachine(environment or {}))
    assert loaded.config is not None, loaded.violations
    return loaded.config


@asynccontextmanager
async def resolving(config: CodeHostConfig) -> AsyncIterator[tuple[Resolver, HttpFetcher, Counting]]:
    budget = Counting()
    # Retries are for others to test: here what fails, fails for good.
    async with HttpFetcher(budget, sleep=_at_once) as fetcher:
        yield Resolver(fetcher, config.mirrors, NoMemory(), config.index_strategy), fetcher, budget


async def take(config: CodeHostConfig, pin: str, folder: Path) -> Taken:
    """Resolve and download a pin as a sync would. Raises ``Failure``."""
    async with resolving(config) as (resolver, fetcher, budget):
        resolution = await resolver.resolve(parse_pin(pin))
        mirror = config.mirrors[resolution.position]
        downloader = Downloader(fetcher, folder, sleep=_at_once)
        download = await downloader.download(resolution, mirror, "file", config.limits, lambda _: None)
        return Taken(resolution=resolution, download=download, requests=budget.spent)


async def failing(config: CodeHostConfig, pin: str, folder: Path) -> Failure:
    """The failure with which taking a pin ends."""
    try:
        taken = await take(config, pin, folder)
    except Failure as failure:
        return failure
    raise AssertionError(f"{pin} was taken from {taken.mirror}")


async def _at_once(_: float) -> None:
    """No wait."""
