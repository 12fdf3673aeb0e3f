"""Who makes a request, and whether that is enough for what is asked."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from enum import StrEnum

import structlog

from codehost.model.access import Access, Role
from codehost.model.errors import UserError
from codehost.record.tokens import RecordedToken, Tokens
from codehost.serve.access.credentials import fingerprint, is_token, presented
from codehost.serve.access.limiter import Failures
from codehost.serve.problems import Kind, ProblemError

# So long a revoked token may still be taken by a process that has just seen it.
REMEMBERED_SECONDS = 3.0
_MOST_REMEMBERED = 2_048
# The row is written at most so often, and only by who finds that it is due.
_USED_EVERY = 60.0

_HOW = "An administrator makes one with codehost tokens add."
_WITHOUT = "This needs a token: send it as Authorization: Bearer, or as the password of any user name. " + _HOW
# The same for whatever is wrong with it.
_UNKNOWN = "The token is not known here, has expired or was revoked. " + _HOW
_NO_ADMIN = "This needs an admin's token, and the one that was sent is a reader's."

log = structlog.get_logger("codehost.serve")


class Reading(StrEnum):
    """Who may read: everybody who reaches the server, or who has a token."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 - the word, and none of them


class Gate:
    """Knows tokens, and how far one goes."""

    def __init__(self, tokens: Tokens, reading: Reading, failures: Failures | None = None) -> None:
        self.reading = reading
        self._tokens = tokens
        self._failures = Failures() if failures is None else failures
        self._clock = asyncio.get_running_loop().time
        # By fingerprint: what it was found to be, and until when that is believed.
        self._remembered: OrderedDict[str, tuple[RecordedToken | None, float]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[RecordedToken | None]] = {}
        self._used: dict[int, float] = {}
        self._writing: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether reading needs no token."""
        return self.reading is Reading.OPEN

    async def identify(self, authorization: Sequence[str], address: str) -> Access:
        """Who comes with these values of ``Authorization`` from this address.

        Raises:
            ProblemError: the token is none, or too many came from there that are none.
            UserError: the database cannot be asked.
        """
        token = presented(authorization)
        # Proxies have passwords of their own, and hand them on.
        if token is None or not is_token(token):
            return Access()
        known = await self._judge(fingerprint(token), address)
        if known is None:
            raise ProblemError(Kind.UNAUTHENTICATED, _UNKNOWN)
        self._note_use(known)
        return Access(role=known.role, token=known.name)

    def admit(self, access: Access, wanted: Role | None) -> None:
        """Let through who may do what ``wanted`` is needed for; None: everybody may.

        Raises:
            ProblemError: it is not allowed.
        """
        if wanted is None or (wanted is Role.READER and self.is_open):
            return
        if access.role is None:
            raise ProblemError(Kind.UNAUTHENTICATED, _WITHOUT)
        if not access.role.allows(wanted):
            raise ProblemError(Kind.FORBIDDEN, _NO_ADMIN)

    async def close(self) -> None:
        """Wait until what was begun is written."""
        pending = [*self._writing, *self._asking.values()]
        if pending:
            await asyncio.wait(pending, timeout=REMEMBERED_SECONDS)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _judge(self, sha256: str, address: str) -> RecordedToken | None:
        """What the token with this fingerprint is; None for none. One that comes often is asked for once."""
        now = self._clock()
        known, until = self._remembered.get(sha256, (None, now))
        if now < until:
            # One that is tried again and again is a machine that nobody has told, and no guess.
            return known
        task = self._asking.get(sha256)
        if task is None:
            if (wait := self._failures.wait(address, now)) > 0:
                raise _too_many(wait)
            # Counted before it is known, so that many guesses at the same time are many.
            self._failures.add(address, now)
            task = self._asking[sha256] = asyncio.create_task(self._look(sha256, address))
            task.add_done_callback(lambda done: self._answered(sha256, done))
        # Who hangs up must not end it for the others.
        return await asyncio.shield(task)

    async def _look(self, sha256: str, address: str) -> RecordedToken | None:
        # Counted from the question: the database may take long to answer, and a revocation comes in between.
        until = self._clock() + REMEMBERED_SECONDS
        try:
            found = await self._tokens.find(sha256)
        except BaseException:
            self._failures.forgive(address, self._clock())
            raise
        if found is None:
            log.warning("token refused", action="token_refused", address=address)
        else:
            self._failures.forgive(address, self._clock())
        self._remembered[sha256] = (found, until)
        self._remembered.move_to_end(sha256)
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return found

    def _answered(self, sha256: str, task: "asyncio.Task[RecordedToken | None]") -> None:
        self._asking.pop(sha256, None)
        if not task.cancelled():
            task.exception()  # all who asked may have hung up

    def _note_use(self, token: RecordedToken) -> None:
        now = self._clock()
        if now - self._used.get(token.token_id, -_USED_EVERY) < _USED_EVERY:
            return
        self._used[token.token_id] = now
        # A request does not wait for it: the database may be writing something long.
        task = asyncio.create_task(self._write_use(token.token_id))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write_use(self, token_id: int) -> None:
        try:
            await self._tokens.used(token_id)
        except UserError as error:
            log.warning("use of a token not noted", action="token_use_lost", error=str(error))


def _too_many(wait: float) -> ProblemError:
    seconds = str(max(1, round(wait)))
    return ProblemError(
        Kind.TOO_MANY,
        f"Too many wrong tokens came from this address: try again in {seconds} s.",
        headers={"Retry-After": seconds},
    )
