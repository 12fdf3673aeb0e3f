"""``codehost follow``, wired: a consumer of the feed that needs neither a database nor a data directory."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import structlog

from codehost import __version__
from codehost.app.signals import stop_on_signals
from codehost.consume.clones import Clones
from codehost.consume.engines import Command, Notified
from codehost.consume.following import Follower, StoppedError
from codehost.consume.keeping import Keeper
from codehost.consume.place import Place, held
from codehost.consume.server import Server, Token
from codehost.consume.state import State
from codehost.model.errors import UserError

# Python's TLS trusts these where they are named, so git is to do the same.
_AUTHORITIES = "SSL_CERT_FILE"

log = structlog.get_logger("codehost.follow")


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowSettings:
    """What ``codehost follow`` was asked for.

    Attributes:
        url: where ``codehost serve`` is, without a slash at its end.
        folder: what is kept.
        once: end when everything is in step.
        token: a reader's.
        code_host: whose repositories; None: of all.
        jobs: how many at a time.
        command: run over changed clones; None: none is.
        notify: the engine that is told in place of keeping clones; None: clones are kept.
    """

    url: str
    folder: Path
    once: bool = False
    token: Token
    code_host: str | None = None
    jobs: int = 4
    command: tuple[str, ...] | None = None
    notify: str | None = None


async def follow(settings: FollowSettings) -> bool | None:
    """Follow until SIGINT or SIGTERM, or, with ``settings.once``, until everything is in step.

    Returns:
        With ``settings.once``, whether everything is; None when it was asked to end.

    Raises:
        UserError: the folder is in other hands or cannot be used, there is no git, or, with ``settings.once``, the
            server cannot be followed.
    """
    with stop_on_signals() as stop:
        return await follow_until(stop, settings)


async def follow_until(stop: asyncio.Event, settings: FollowSettings) -> bool | None:
    """As ``follow``, until ``stop`` is set."""
    async with AsyncExitStack() as stack:
        place, state = _opened(stack, settings)
        agent = {"User-Agent": f"codehost-follow/{__version__}"}
        session = await stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), headers=agent)
        )
        follower = Follower(
            server=Server(session=session, url=settings.url, token=settings.token, code_host=settings.code_host),
            state=state,
            place=place,
            keeper=_keeper(settings, place, session),
            stop=stop,
            command=_command(settings),
            jobs=settings.jobs,
        )
        where = str(settings.folder)
        log.info("started", action="follow_started", url=settings.url, directory=where, version=__version__)
        try:
            return await follower.follow(once=settings.once)
        except StoppedError:
            return None
        finally:
            log.info("ended", action="follow_ended")


def _opened(stack: AsyncExitStack, settings: FollowSettings) -> tuple[Place, State]:
    try:
        place = stack.enter_context(held(settings.folder))
        state = stack.enter_context(State(place.state))
        state.begin("notify" if settings.notify else "clones", settings.code_host)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(
            f"The directory {settings.folder} cannot be used ({why}): it must be on a disk with"
            " room that this user may write to."
        ) from error
    return place, state


def _keeper(settings: FollowSettings, place: Place, session: aiohttp.ClientSession) -> Keeper:
    if settings.notify is not None:
        return Notified(session=session, notify=settings.notify, url=settings.url)
    git = shutil.which("git")
    if git is None:
        raise UserError("There is no git here, which makes the clones: install it, or add its folder to PATH.")
    return Clones(
        place=place,
        url=settings.url,
        token=settings.token,
        git=git,
        search_path=os.environ.get("PATH", os.defpath),
        authorities=os.environ.get(_AUTHORITIES) or None,
    )


def _command(settings: FollowSettings) -> Command | None:
    return None if settings.command is None else Command(words=settings.command, environment=dict(os.environ))
