"""A process that spends a code host's hourly budget until nothing is left, and writes an ``x`` for each request.

Arguments: the database's URL, a folder, the code host's id, its cap, and by how many seconds the clock is wrong.
"""

import asyncio
import sys
import time
from pathlib import Path

from codehost.record.database import open_database
from codehost.record.ledger import LedgerBudget


class _SpentError(Exception):
    pass


async def _refuse(_seconds: float) -> None:
    raise _SpentError


async def main(url: str, folder: str, host: str, cap: str, skew: str) -> None:
    """Spend all."""
    real = time.time
    time.time = lambda: real() + float(skew)
    async with open_database(url, Path(folder)) as database:
        budget = LedgerBudget(database, int(host), int(cap), sleep=_refuse)
        while True:
            try:
                await budget.spend()
            except _SpentError:
                break
            sys.stdout.write("x")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
