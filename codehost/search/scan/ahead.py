"""Work started in order, a few pieces ahead, and handed on in order."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


async def in_order(
    pieces: Iterator[Piece],
    start: Callable[[Piece], asyncio.Task[Result]],
    *,
    ahead: int,
    deadline: float,
    grace: float,
) -> AsyncGenerator[tuple[Piece, Result], None]:
    """Each piece with its result. Whoever stops early closes this: what is under way is cancelled and waited for.

    Args:
        pieces: the work.
        start: begins a piece.
        ahead: so many pieces are under way at most, and so many results are held.
        deadline: nothing begins after it (``time.monotonic``).
        grace: so many seconds later, what is not there is given up; later pieces that are there are still handed on.
    """
    pending: deque[tuple[Piece, asyncio.Task[Result]]] = deque()
    given_up: list[asyncio.Task[Result]] = []
    try:
        while True:
            while len(pending) < ahead and time.monotonic() < deadline:
                piece = next(pieces, None)
                if piece is None:
                    break
                pending.append((piece, start(piece)))
            if not pending:
                return
            piece, running = pending[0]
            await asyncio.wait((running,), timeout=max(0.0, deadline + grace - time.monotonic()))
            pending.popleft()
            if running.done():
                yield piece, running.result()
            else:
                given_up.append(running)
    finally:
        left = [*given_up, *(running for _, running in pending)]
        for running in left:
            running.cancel()
        await asyncio.gather(*left, return_exceptions=True)
