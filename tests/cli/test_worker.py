"""``codehost worker``, run to its end in this process, and what it refuses."""

import pytest

from tests.desk import Desk

ONCE = ("--once", "--http", "none", "--log-format", "json")


def worker(desk: Desk, *options: str) -> tuple[int, str, str]:
    ran = desk.stored("worker", *options)
    return ran.status, ran.out, ran.err


def test_once_follows_a_file_and_ends(desk: Desk) -> None:
    status, out, err = worker(desk, *ONCE, "--config", str(desk.file))
    assert (status, out) == (0, "")
    assert err.count('"action":"synced"') + err.count('"action": "synced"') == 2
    assert desk.repository("python/six/1.0").exists()
    assert not list((desk.data / "spool").iterdir())
    assert desk.stored("status").out.startswith("host: 2 completed")


def test_once_without_anything_to_follow(desk: Desk) -> None:
    status, out, _ = worker(desk, *ONCE)
    assert (status, out) == (0, "")


REFUSED = [
    (("--http", "here"), "'here' is no address: write for example 127.0.0.1:9464, or none."),
    (("--http", ":80"), "is no address"),
    (("--http", "127.0.0.1:65536"), "is no address"),
    (("--http", "127.0.0.1:-1"), "is no address"),
    (("--concurrency", "0"), "0 is not in the range 1<=x<=1000"),
    (("--lease-seconds", "0.5"), "'0.5' is no number of at least 1."),
    (("--stop-within", "-1"), "is no number of at least 0."),
    (("--grace", "inf"), "is no number of at least 0."),
    (("--watch-every", "nan"), "is no number of at least 0."),
    (("--watch-every", "daily"), "is no number of at least 0."),
]


@pytest.mark.parametrize(("options", "problem"), REFUSED)
def test_what_it_refuses(desk: Desk, options: tuple[str, ...], problem: str) -> None:
    status, out, err = worker(desk, "--once", *options)
    assert (status, out) == (2, "")
    assert problem in " ".join(err.replace("│", " ").split())
    assert not desk.data.exists()


def test_a_database_url_that_is_none(desk: Desk) -> None:
    status, _, err = worker(desk, *ONCE, "--database-url", "mysql://user:canary@host/name")
    assert status == 3
    assert "scheme 'mysql' is not supported" in err
    assert "canary" not in err


@pytest.mark.parametrize("http", ["[::1]:0", "127.0.0.1:0"])
def test_where_its_health_is(desk: Desk, http: str) -> None:
    assert worker(desk, "--once", "--http", http)[0] == 0
