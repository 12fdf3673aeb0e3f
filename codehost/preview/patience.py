"""When a preview leaves a mirror alone: one that cannot be reached makes every pin wait for its retries. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field

from codehost.model.circuits import Setback, Ticket
from codehost.model.errors import Failure, Reason

MOST_IN_A_ROW = 3


@dataclass(slots=True)
class Patience:
    """Implements ``codehost.model.ports.Circuits`` for one preview.

    A mirror that could not be reached for ``most`` projects in a row is not asked again; what needs it is answered with
    an unasked failure. Other mirrors are asked as before.
    """

    most: int = MOST_IN_A_ROW
    _unreached: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _ended: dict[str, str] = field(default_factory=dict)

    async def admit(self, url: str) -> Ticket:
        """Leave to ask the mirror.

        Raises:
            Failure: it is not asked again.
        """
        if (what := self._ended.get(url)) is not None:
            raise Failure(Reason.NETWORK, what, mirror=url, unasked=True)
        return Ticket(url=url)

    async def succeeded(self, ticket: Ticket) -> None:
        """The mirror was reached."""
        self._unreached.pop(ticket.url, None)

    async def failed(self, ticket: Ticket, setback: Setback) -> None:
        """It was not reached, or answered with a failure."""
        if setback.reason is not Reason.NETWORK:
            await self.succeeded(ticket)
            return
        projects = self._unreached[ticket.url]
        projects.add(setback.project)
        if len(projects) >= self.most:
            what = f"not asked again: {setback.message} (for {len(projects)} projects in a row)"
            self._ended.setdefault(ticket.url, what)

    async def withdrawn(self, ticket: Ticket) -> None:
        """Nothing was learnt."""
