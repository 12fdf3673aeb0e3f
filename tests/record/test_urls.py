from pathlib import Path

import pytest
from sqlalchemy import text

from codehost.model.errors import UserError
from codehost.record.database import open_database
from codehost.record.presence import is_there
from codehost.record.urls import connecting, driver_url, shown_url
from codehost.record.wakeups import open_wakeups

URLS = [
    # written, for the driver, shown
    (None, "sqlite+aiosqlite:////data/codehost.db", "/data/codehost.db"),
    ("sqlite:///here.db", "sqlite+aiosqlite:///here.db", "here.db"),
    ("sqlite:////srv/a b.db", "sqlite+aiosqlite:////srv/a b.db", "/srv/a b.db"),
    ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d", "postgresql://u@h/d"),
    ("postgresql://u:p%40@h:5433/d", "postgresql+asyncpg://u:p%40@h:5433/d", "postgresql://u@h:5433/d"),
    ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d", "postgresql://h/d"),
    (
        "postgresql://h/d?sslmode=require&connect_timeout=3",
        "postgresql+asyncpg://h/d?connect_timeout=3&sslmode=require",
        "postgresql://h/d",
    ),
]


@pytest.mark.parametrize(("written", "driver", "shown"), URLS)
def test_urls(written: str | None, driver: str, shown: str) -> None:
    url = driver_url(written, Path("/data"))
    assert (url.render_as_string(hide_password=False), shown_url(url)) == (driver, shown)


REFUSED = [
    ("mysql://u:secret@h/d", "scheme 'mysql' is not supported"),
    ("secret", "cannot be read"),
    ("postgresql://u:secret@h:port/d", "cannot be read"),
    ("sqlite://", "names no file"),
    ("sqlite:///:memory:", "names no file"),
    ("postgresql://u:secret@h/d?options=x", "the parameter 'options'"),
    ("postgresql://u:secret@h/d?sslmode=secret", "write one of disable, allow, prefer, require, verify-ca"),
    ("postgresql://u:secret@h/d?target_session_attrs=secret", "write one of any, read-write, primary"),
    ("postgresql://u:secret@h/d?connect_timeout=secret", "connect_timeout is no number of seconds"),
    ("postgresql://u:secret@h/d?connect_timeout=0", "connect_timeout is no number of seconds"),
    ("postgresql://u:secret@h/d?ssl_min_protocol_version=secret", "write one of TLSv1.2, TLSv1.3"),
]


@pytest.mark.parametrize(("written", "problem"), REFUSED)
def test_refused(written: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        driver_url(written, Path("/data"))
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)


CONNECTING = [
    # parameters, what stays in the URL, arguments
    ("", "", {"server_settings": {"application_name": "codehost"}}),
    (
        "?host=/run/postgresql&port=5433&ssl=require",
        "?host=%2Frun%2Fpostgresql&port=5433",
        {"dsn": "postgresql://?sslmode=require", "server_settings": {"application_name": "codehost"}},
    ),
    (
        "?connect_timeout=3&application_name=index%20one&sslmode=verify-full&sslrootcert=/dev/null",
        "",
        {
            "dsn": "postgresql://?sslmode=verify-full&sslrootcert=%2Fdev%2Fnull",
            "server_settings": {"application_name": "index one"},
            "timeout": 3.0,
        },
    ),
    (
        "?target_session_attrs=any&target_session_attrs=read-write",
        "",
        {
            "dsn": "postgresql://?target_session_attrs=read-write",
            "server_settings": {"application_name": "codehost"},
        },
    ),
]


@pytest.mark.parametrize(("parameters", "stays", "arguments"), CONNECTING)
def test_connecting(parameters: str, stays: str, arguments: dict[str, object]) -> None:
    url = driver_url(f"postgresql://u@h/d{parameters}", Path("/data"))
    place, found = connecting(url, {"application_name": "codehost"})
    assert str(place) == f"postgresql+asyncpg://u@h/d{stays}"
    assert found == arguments


async def test_a_server_takes_what_the_url_says(postgresql_url: str, tmp_path: Path) -> None:
    parameters = "connect_timeout=3&application_name=index&sslmode=disable&target_session_attrs=read-write"
    url = f"{postgresql_url}?{parameters}"
    assert not await is_there(url, tmp_path)
    async with open_database(url, tmp_path) as database, database.read() as connection:
        found = await connection.execute(text("SELECT current_setting('application_name'), current_setting('jit')"))
        assert found.one() == ("index", "off")
    async with open_wakeups(url, tmp_path) as wakeups:
        assert await wakeups.wait(5.0)


async def test_certificates_that_are_not_there_are_told_of(postgresql_url: str, tmp_path: Path) -> None:
    url = f"{postgresql_url}?sslmode=verify-full&sslrootcert={tmp_path}/none.pem"
    with pytest.raises(UserError, match=r"sslrootcert names .*/none\.pem, which does not exist"):
        async with open_database(url, tmp_path):
            pass


async def test_a_file_that_holds_no_certificate_is_told_of(postgresql_url: str, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(UserError, match="cannot be reached with TLS: check sslmode and the certificates"):
        async with open_database(f"{postgresql_url}?sslmode=verify-full&sslrootcert={tmp_path}/empty.pem", tmp_path):
            pass


async def test_a_server_without_tls_is_not_used_where_tls_is_required(postgresql_url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be reached"):
        async with open_database(f"{postgresql_url}?sslmode=require", tmp_path):
            pass
