"""What a search has told so far, and why that may not be all."""

from collections import Counter
from dataclasses import dataclass, field

from codehost.model.searching import Engine, FileHits, Searched, SearchRequest
from codehost.search.scan.cutting import hits, limited
from codehost.search.scan.tasks import Outcome
from codehost.search.scope import InQuestion

_LESS = "ask for less at once (repo:, file:, or one project)"
FASTER = "An index answers at once: docs/search.md tells how a search engine follows the feed."
_NOTHING = "No release is synced yet, so there is nothing to search: codehost status tells how far it is."
_LEFT_OUT = {
    Outcome.GONE: "left out: removed or replaced during the search.",
    Outcome.DAMAGED: "left out: damaged. Stop codehost, and run codehost verify --repair.",
    Outcome.DIED: "left out: the process that read it has ended. The log says which.",
}


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one search over ``scope`` (None: not known in time). ``left``: so many hits may still be told."""

    request: SearchRequest
    scope: InQuestion | None
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    files: int = 0
    lines: int = 0
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.request.lines

    @property
    def is_over(self) -> bool:
        """Nothing more is to be told."""
        return self.left <= 0 or self.outcomes[Outcome.HUGE] > 0

    def take(self, outcome: Outcome, files: tuple[FileHits, ...]) -> tuple[FileHits, ...]:
        """Count a repository; returns what of its ``files`` may still be told."""
        taken: list[FileHits] = []
        for file in files:
            told = limited(file, self.left) if self.left > 0 else None
            if told is not file:
                outcome = Outcome.FULL
            if told is None:
                break
            taken.append(told)
            self.left -= hits(told)
            self.files += 1
            self.lines += len(told.lines)
        self.outcomes[outcome] += 1
        return tuple(taken)

    def searched(self, seconds: float) -> Searched:
        """The end of a search that took so long."""
        return Searched(
            engine=Engine.SCAN,
            seconds=seconds,
            repositories=self.outcomes[Outcome.DONE],
            in_scope=self.scope.count if self.scope else 0,
            files=self.files,
            lines=self.lines,
            why_incomplete=self._why_incomplete(),
        )

    def _why_incomplete(self) -> str | None:
        return " ".join(filter(None, (self._bound(), *map(self._left_out, _LEFT_OUT)))) or None

    def _bound(self) -> str:
        scope = self.scope
        if scope is None:
            return f"The time of {self.request.seconds:g} s was over before anything was read. {FASTER}"
        if not scope.recorded:
            return _NOTHING
        return self._reached(scope)

    def _reached(self, scope: InQuestion) -> str:
        outcomes = self.outcomes
        reached = f"after {outcomes[Outcome.DONE]:,} of {_repositories(scope.count)}"
        looked_at = outcomes.total() - outcomes[Outcome.LATE]
        if outcomes[Outcome.HUGE]:
            return f"There may be more: so much text was found that the search ended {reached}: {_LESS}."
        if outcomes[Outcome.FULL] or (self.left <= 0 and looked_at < scope.count):
            met = f"the search met its limit of {self.request.lines:,} lines {reached}"
            return f"There may be more: {met}. Raise it, or {_LESS}."
        if looked_at < len(scope.releases):
            return f"The time of {self.request.seconds:g} s was over {reached}. Give it more, or {_LESS}. {FASTER}"
        if looked_at < scope.count:
            return f"Only the first {looked_at:,} of {_repositories(scope.count)} were read: {_LESS}. {FASTER}"
        return ""

    def _left_out(self, outcome: Outcome) -> str:
        count = self.outcomes[outcome]
        return f"{_repositories(count)} {_LEFT_OUT[outcome]}" if count else ""


def _repositories(count: int) -> str:
    return "1 repository" if count == 1 else f"{count:,} repositories"
