"""What a server does of itself where its settings say nothing, and when it is ready."""

import asyncio
from ipaddress import ip_network

import pytest

from codehost.app.daemon.settings import HttpAddress
from codehost.app.serving import ServeProbe, ServeSettings, host_names, who_may_read
from codehost.health.metrics import Metrics
from codehost.model.status import Status
from codehost.serve.access.gate import Reading
from codehost.serve.access.origin import site_of
from codehost.serve.metrics import ServeMetrics
from codehost.supervising import Troubles

LOCAL = HttpAddress(port=3434)
PROXY = (ip_network("127.0.0.1"),)
PUBLIC = site_of(None, "https://code.example.com/codehost")

READING = [
    (ServeSettings(listen=LOCAL), Reading.OPEN),
    (ServeSettings(listen=HttpAddress(address="::1", port=1)), Reading.OPEN),
    (ServeSettings(listen=HttpAddress(address="localhost", port=1)), Reading.OPEN),
    (ServeSettings(listen=HttpAddress(address="0.0.0.0", port=1)), Reading.TOKEN),
    (ServeSettings(listen=HttpAddress(address="code.example.com", port=1)), Reading.TOKEN),
    # Behind a proxy everybody comes from this machine.
    (ServeSettings(listen=LOCAL, trusted=PROXY), Reading.TOKEN),
    (ServeSettings(listen=LOCAL, site=PUBLIC), Reading.TOKEN),
    (ServeSettings(listen=LOCAL, trusted=PROXY, reading=Reading.OPEN), Reading.OPEN),
    (ServeSettings(listen=LOCAL, reading=Reading.TOKEN), Reading.TOKEN),
]


@pytest.mark.parametrize(("settings", "expected"), READING)
def test_who_may_read(settings: ServeSettings, expected: Reading) -> None:
    assert who_may_read(settings) is expected


def test_a_server_is_called_as_people_know_it() -> None:
    names = host_names(ServeSettings(listen=LOCAL, site=PUBLIC, names=("other.example.com",))).names
    assert {"127.0.0.1", "code.example.com", "other.example.com"} <= names


async def test_it_is_ready_while_nothing_is_in_its_way() -> None:
    async def status() -> Status:
        raise NotImplementedError

    troubles, stop = Troubles(), asyncio.Event()
    probe = ServeProbe(metrics_of=Metrics(status), served=ServeMetrics(), troubles=troubles, stop=stop)
    assert (probe.healthy(), probe.ready()) == (None, None)
    troubles.fall("database", "The database is away.")
    assert (probe.healthy(), probe.ready()) == (None, "The database is away.")
    troubles.rise("database")
    stop.set()
    assert probe.ready() == "The server is about to end."
