"""A request served by a process of git."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from codehost.model.texts import printable
from codehost.serve.git.answers import Refusal
from codehost.serve.git.environment import command, environment
from codehost.serve.git.exchange import Exchange
from codehost.serve.git.limits import GitLimits
from codehost.serve.git.process import Git, running_git
from codehost.serve.git.protocol import SERVICE_LINE, VERSION_2
from codehost.serve.git.slots import Slots, Turn

ADVERTISEMENT = "application/x-git-upload-pack-advertisement"
RESULT = "application/x-git-upload-pack-result"

_MOST_CAPABILITIES = 65_536
_SHOWN = 500
_FAILED = "git cannot serve this repository: the server's log says why."
_MISUNDERSTOOD = "git does not understand this request: the server's log says why."
# What git says, in the language of LC_ALL=C, when a request asks for what is not served, or for nonsense.
_CLIENTS_FAULT = re.compile(
    rb"protocol error|unexpected line|unknown capability|invalid command|no command requested"
    rb"|mismatched object format|invalid shallow line|Invalid deepen|ambiguous deepen-not"
    rb"|invalid filter-spec|filter-specs cannot be combined"
)
_NOT_STARTED = "git cannot be started at the moment: try again in some seconds."

log = structlog.get_logger("codehost.serve")


class GitRunner:
    """Runs git, as many at a time as there is room for."""

    def __init__(self, git: str, search_path: str, limits: GitLimits) -> None:
        self._git = git
        self._search_path = search_path
        self._limits = limits
        self._slots = Slots(limits)

    async def advertise(self, exchange: Exchange, repository: Path) -> None:
        """Answer what the repository offers.

        Raises:
            Refusal: there is no room, or git fails.
            ConnectionError: the client has hung up.
        """
        # git http-backend: version 2 has no line that names the service.
        prefix = b"" if exchange.version == VERSION_2 else SERVICE_LINE
        async with self._slots.turn() as turn, self._running(exchange, repository, advertise=True) as git:
            await self._pump(exchange, git, turn, ADVERTISEMENT, prefix)
        await exchange.finish()

    async def upload(self, exchange: Exchange, repository: Path, head: bytes, *, whole_body: bool) -> None:
        """Answer with objects. ``head`` is what the body begins with, and all of it if ``whole_body``.

        Raises:
            Refusal: there is no room, the body is not taken, or git fails.
            ConnectionError: the client has hung up.
        """
        async with self._slots.turn() as turn, self._running(exchange, repository, advertise=False) as git:
            feeding = asyncio.create_task(_feed(exchange, git, turn, head, whole_body=whole_body))
            try:
                await self._pump(exchange, git, turn, RESULT, b"")
            finally:
                feeding.cancel()
                await asyncio.wait([feeding])
        await exchange.finish()

    async def capabilities(self, exchange: Exchange, repository: Path) -> bytes:
        """What a repository offers in version 2: the same for all that only hold what we write.

        Raises:
            Refusal: there is no room, or git fails.
        """
        async with self._slots.turn(), self._running(exchange, repository, advertise=True) as git:
            found = bytearray()
            while (piece := await git.read()) and len(found) < _MOST_CAPABILITIES:
                found += piece
            await self._judge(exchange, git, answered=False)
            return bytes(found)

    @asynccontextmanager
    async def _running(self, exchange: Exchange, repository: Path, *, advertise: bool) -> AsyncIterator[Git]:
        exchange.way = "git"
        arguments = command(self._git, repository, advertise=advertise, seconds=self._limits.seconds)
        variables = environment(self._search_path, repository, exchange.version)
        try:
            async with running_git(arguments, variables, fed=not advertise) as git:
                yield git
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            log.exception("git cannot be started", action="git_not_started", error=error.strerror)
            raise Refusal(503, _NOT_STARTED, {"Retry-After": str(self._limits.retry_seconds)}) from error

    async def _pump(self, exchange: Exchange, git: Git, turn: Turn, content_type: str, prefix: bytes) -> None:
        """Send what git says. The status is git's verdict only while nothing was sent: then it speaks for itself."""
        piece = await git.read()
        if not piece:
            await self._judge(exchange, git, answered=False)
        await exchange.begin(content_type)
        if prefix:
            await exchange.send(prefix, turn)
        while piece:
            await exchange.send(piece, turn)
            piece = await git.read()
        await self._judge(exchange, git, answered=True)

    async def _judge(self, exchange: Exchange, git: Git, *, answered: bool) -> None:
        status = await git.wait()
        if exchange.refusal is not None:
            raise exchange.refusal
        if not status:
            return
        log.warning(
            "git failed",
            action="git_failed",
            repository=exchange.repository,
            status=status,
            message=printable(git.complaints.decode(errors="replace").strip(), _SHOWN),
        )
        if not answered:
            raise Refusal(400, _MISUNDERSTOOD) if _CLIENTS_FAULT.search(git.complaints) else Refusal(500, _FAILED)


async def _feed(exchange: Exchange, git: Git, turn: Turn, head: bytes, *, whole_body: bool) -> None:
    try:
        reads = await git.write(head)
        if not whole_body:
            async for piece in exchange.body(turn):
                # Whatever git leaves unread has to be read all the same: clients write before they read.
                reads = reads and await git.write(piece)
    except Refusal as refusal:
        exchange.refusal = refusal
        git.kill()
    else:
        git.end_of_input()
