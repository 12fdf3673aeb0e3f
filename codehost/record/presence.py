"""Whether there is a database, for commands that must not make one."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from codehost.record.urls import SQLITE, connecting, driver_url


async def is_there(url: str | None, data_dir: Path) -> bool:
    """Whether ``open_database`` would find tables; also true where only it can explain what is wrong.

    Raises:
        UserError: ``url`` is no URL of a supported database.
    """
    target = driver_url(url, data_dir)
    if target.get_backend_name() == SQLITE:
        return _has_content(Path(target.database or ""))
    import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - not needed with SQLite, and slow to import

    place, arguments = connecting(target, {"application_name": "codehost"})
    engine = create_async_engine(place, hide_parameters=True, connect_args=arguments)
    try:
        async with engine.connect() as connection:
            table = await connection.execute(text("SELECT to_regclass('alembic_version')"))
            return table.scalar_one_or_none() is not None
    except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return True
    finally:
        await engine.dispose()


def _has_content(file: Path) -> bool:
    return file.exists() and (not file.is_file() or file.stat().st_size > 0)
