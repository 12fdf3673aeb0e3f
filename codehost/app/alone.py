"""A sync or a verification has the data directory alone, also among machines that do not see each other's locks."""

import socket

from codehost.model.errors import UserError
from codehost.record.database import Database
from codehost.record.workers import Workers

_ALIVE_SECONDS = 60.0


async def refuse_beside_workers(database: Database, *, command: str, instead: str = "") -> None:
    """The lock on the data directory keeps this machine's workers out. Others' locks may not be seen from here.

    ``command`` is what is to be done, as a verb; ``instead`` a sentence on what else there is.

    Raises:
        UserError: a worker on another machine lives.
    """
    for worker in await Workers(database).alive(_ALIVE_SECONDS):
        if worker.host != socket.gethostname():
            raise UserError(
                f"A codehost worker on {worker.host} works with the database {database.shown}: stop it before you"
                f" {command}.{instead and f' {instead}'} If that machine is gone, {command} again in"
                f" {_ALIVE_SECONDS:g} seconds."
            )
