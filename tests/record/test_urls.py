from pathlib import Path

import pytest

from codehost.model.errors import UserError
from codehost.record.urls import driver_url, shown_url

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
        "postgresql+asyncpg://h/d?ssl=require&timeout=3",
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
]


@pytest.mark.parametrize(("written", "problem"), REFUSED)
def test_refused(written: str, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        driver_url(written, Path("/data"))
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)
