"""How many workers a code host's pace is divided among. The hourly cap is the ledger's affair, not this one's."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from codehost.model.workers import RecordedWorker


@dataclass(slots=True, kw_only=True)
class Shares:
    """What the others' last signs of life said, for the pacers of the process ``owner``."""

    owner: str
    _others: Counter[str] = field(default_factory=Counter)

    def refresh(self, living: Iterable[RecordedWorker]) -> None:
        """Take note of the workers that are alive; this one may be among them."""
        self._others = Counter(name for worker in living if worker.owner != self.owner for name in set(worker.held))

    def of(self, code_host: str) -> int:
        """This process, and every other one that is held up by the pace or the budget of the code host."""
        return 1 + self._others[code_host]
