"""``/api/v1/budget``: what each code host may still send within the hour."""

import msgspec

from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.api.status import Budget, status_now
from codehost.serve.ports import Lookout


class HostBudget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The budget of a code host; None when its document cannot be read."""

    code_host: str
    budget: Budget | None


class Budgets(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The budgets of all code hosts."""

    at: str
    items: tuple[HostBudget, ...]


class Allowances:
    """The hourly budgets."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout

    def endpoints(self) -> list[Endpoint]:
        """The one."""
        return [
            Endpoint(
                method="GET",
                path="/budget",
                name="getBudget",
                summary="What each code host has spent of its hourly budget, and what is left",
                tag="status",
                handle=self.show,
                answers={200: Budgets},
            )
        ]

    async def show(self, _call: Call[Nothing, None]) -> Answer:
        """All of them."""
        now = await status_now(self._lookout)
        items = tuple(HostBudget(code_host=host.name, budget=host.budget) for host in now.code_hosts)
        return Answer(content=Budgets(at=now.at, items=items))
