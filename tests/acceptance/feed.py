"""Writers at random and consumers that crash: nobody misses a change, and nobody is told one twice but after a crash.

    python -m tests.acceptance.feed DATABASE-URL [--seconds 600] [--writers 8] [--consumers 6]

Writers publish, retire, prune, lose and make anew, each by its own connections; tending drops what is superseded. The
consumers follow over HTTP, by long polls or as server-sent events, and forget at random what they have not stored yet.
The database must be a fresh one.
"""

import argparse
import asyncio
import json
import logging
import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from aiohttp import ClientError

from codehost.model.errors import UserError
from codehost.model.jobs import LeaseLostError
from codehost.record.database import Database, open_database
from codehost.record.feed import Feed, drop_superseded
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.repositories import Repositories
from tests.record.helpers import download, replan, report, resolution
from tests.serve.api.feeding import Served, served

_PINS = 40
# Superseded entries go after so long here, instead of 30 days.
_KEPT_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Consumer:
    """What a consumer has stored, which a crash does not take: a cursor and the present set. And what was told when."""

    chance: random.Random
    code_host: str | None = None
    cursor: str = ""
    present: dict[str, str | None] = field(default_factory=dict)
    last: int = 0
    told: int = 0
    crashes: int = 0

    def take(self, entries: list[dict[str, Any]], cursor: str) -> None:
        """Work off what was told, and store it with the cursor; or crash before that, or after a part."""
        sequences = [_sequence(entry["cursor"]) for entry in entries]
        if any(later <= earlier for earlier, later in zip([self.last, *sequences], sequences, strict=False)):
            raise AssertionError(f"told twice, or out of order, behind {self.last}: {sequences}")
        if self.chance.random() < 0.2:
            self.crashes += 1
            entries = entries[: self.chance.randint(0, len(entries))]
            cursor = entries[-1]["cursor"] if entries else self.cursor
        for entry in entries:
            if entry["kind"] == "removed":
                self.present.pop(entry["name"], None)
            else:
                self.present[entry["name"]] = entry["commit"]
        self.told += len(entries)
        self.cursor, self.last = cursor, _sequence(cursor)


def _sequence(cursor: str) -> int:
    return int(cursor.split("-")[1]) if cursor else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``entries`` were told; the consumers heard ``told`` of them in all and crashed so often."""

    entries: int
    told: int
    crashes: int


async def follow(server: Served, consumer: Consumer, stop: asyncio.Event) -> None:
    """Follow by long polls until nothing is left after ``stop``."""
    while True:
        ending = stop.is_set()
        parameters = {
            "after": consumer.cursor,
            "limit": consumer.chance.choice([1, 7, 100]),
            "wait": 0 if ending else 1,
        }
        if consumer.code_host is not None:
            parameters["codeHost"] = consumer.code_host
        status, answer = await server.get("/api/v1/changes", params=parameters)
        if status != 200:
            raise AssertionError(answer)
        before = consumer.cursor
        consumer.take(answer["items"], answer["cursor"])
        if ending and not answer["items"] and not answer["more"] and consumer.cursor in {before, answer["cursor"]}:
            return


async def listen(server: Served, consumer: Consumer, stop: asyncio.Event) -> None:
    """Follow as events for a while, then crash, and again; at last by polls for what is left."""
    while not stop.is_set():
        with suppress(TimeoutError, ClientError):
            async with asyncio.timeout(consumer.chance.uniform(0.2, 2)):
                async for entry in _events(server, consumer):
                    consumer.take([entry], entry["cursor"])
        consumer.crashes += 1
    await follow(server, consumer, stop)


async def _events(server: Served, consumer: Consumer) -> AsyncIterator[dict[str, Any]]:
    headers = {"Last-Event-ID": consumer.cursor} if consumer.cursor else {}
    parameters = {} if consumer.code_host is None else {"codeHost": consumer.code_host}
    async with server.session.get(f"{server.root}/api/v1/events", headers=headers, params=parameters) as response:
        before = consumer.cursor
        async for line in response.content:
            if line.startswith(b"data: "):
                if consumer.cursor != before:
                    return  # it crashed while it worked the last one off
                entry = json.loads(line.removeprefix(b"data: "))
                yield entry
                before = entry["cursor"]


async def write(database: Database, host: int, name: str, chance: random.Random, stop: asyncio.Event) -> None:
    """Do at random what workers, plans and repairs do to repositories."""
    jobs, releases = Jobs(database), Releases(database)
    pattern = f"{name}/{{project}}/{{version}}"
    while not stop.is_set():
        match chance.randrange(6):
            case 0:
                pins = [f"p{number}==1" for number in range(_PINS) if chance.random() < 0.7]
                with suppress(UserError):  # somebody else has changed what was planned for
                    await replan(database, host, pins, pattern)
            case 1:
                for retired in (await releases.retired(host))[:3]:
                    if await releases.disown(retired.release_id):
                        await releases.remove(retired.release_id)
            case 2:
                present = await Repositories(database).present()
                some = chance.sample(present, min(2, len(present)))
                await jobs.requeue(one.release_id for one in some)
                await releases.lose(one.repository for one in some)
            case _:
                await _work(jobs, host, chance)
        await asyncio.sleep(chance.uniform(0, 0.02))


async def _work(jobs: Jobs, host: int, chance: random.Random) -> None:
    for job in await jobs.claim(host, f"w{chance.random()}", 5, 60):
        with suppress(LeaseLostError):
            made = report(f"{chance.getrandbits(160):040x}")
            await jobs.complete(job, resolution(job), download(job), made)


async def run(
    url: str, folder: Path, *, seconds: float, writers: int = 8, consumers: int = 6, seed: int = 0
) -> Outcome:
    """Let them go on for a while; then everybody must know what is there.

    Raises:
        AssertionError: somebody was told something twice, or knows something else than the record.
    """
    chance, stop = random.Random(seed), asyncio.Event()
    everybody = [
        Consumer(chance=random.Random(chance.random()), code_host=name)
        for _, name in zip(range(consumers), _names(), strict=False)
    ]
    async with open_database(url, folder) as database, open_database(url, folder) as other:
        hosts = {name: await CodeHosts(database).save(name, "{}") for name in ("one", "other")}
        writing = [
            asyncio.create_task(
                write((database, other)[number % 2], hosts[name], name, random.Random(chance.random()), stop)
            )
            for number, name in zip(range(writers), _hosts(), strict=False)
        ]
        dropping = asyncio.create_task(_drop(database, stop))
        async with served(url, folder) as server:
            reading = [
                asyncio.create_task((follow, listen)[number % 2](server, one, stop))
                for number, one in enumerate(everybody)
            ]
            await asyncio.wait([*writing, *reading, dropping], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            stop.set()
            await asyncio.gather(*writing, dropping)
            # Whoever looked for the last time before the last writer had ended looks again.
            await asyncio.gather(*reading)
            for one in everybody:
                await follow(server, one, stop)
        await _compare(database, everybody)
        newest = await Feed(database).newest()
    return Outcome(
        entries=newest.sequence, told=sum(one.told for one in everybody), crashes=sum(one.crashes for one in everybody)
    )


def _names() -> Iterator[str | None]:
    while True:
        yield from (None, None, "one", "other")


def _hosts() -> Iterator[str]:
    while True:
        yield from ("one", "other")


async def _drop(database: Database, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await drop_superseded(database, _KEPT_SECONDS)
        await asyncio.sleep(0.3)


async def _compare(database: Database, everybody: list[Consumer]) -> None:
    listed = await Repositories(database).page(limit=10_000)
    expected = {one.repository: one.commit for one in listed if one.commit is not None}
    for one in everybody:
        mine = {name: commit for name, commit in expected.items() if one.code_host in {None, name.split("/")[0]}}
        if one.present != mine:
            raise AssertionError(f"{one.code_host}: {sorted(set(one.present.items()) ^ set(mine.items()))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--consumers", type=int, default=6)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(
            run(given.url, Path(folder), seconds=given.seconds, writers=given.writers, consumers=given.consumers)
        )
    print(outcome)  # noqa: T201 - the outcome is what it is run for


if __name__ == "__main__":
    main()
