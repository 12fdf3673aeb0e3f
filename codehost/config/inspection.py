"""Where a check stands in the document, whom it may ask, and where it puts what it finds."""

from dataclasses import dataclass, field, replace

from codehost.config.surroundings import Surroundings
from codehost.config.violations import Finding, Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """A place in the document under inspection. All places of one inspection share ``findings``."""

    surroundings: Surroundings
    path: Path = ()
    findings: list[Finding] = field(default_factory=list)

    def at(self, *steps: str | int) -> "Inspection":
        """The place that the steps lead to from here."""
        return replace(self, path=(*self.path, *steps))

    def report(self, problem: str, hint: str, *, at_key: bool = False, first: Path | None = None) -> None:
        """Note a mistake at this place. Neither text may show a secret."""
        self.findings.append(Finding(path=self.path, problem=problem, hint=hint, at_key=at_key, first=first))
