"""A view that keeps what it is told, for the commands that only ask."""

from codehost.model.events import BudgetWait, Event
from codehost.model.tally import Tally


class Asking:
    def __init__(self) -> None:
        self.tally = Tally()
        self.total = 0
        self.done = 0
        self.waits: list[float] = []

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self) -> None:
        self.done += 1

    def notify(self, event: Event) -> None:
        self.tally.notify(event)
        if isinstance(event, BudgetWait):
            self.waits.append(event.seconds)
