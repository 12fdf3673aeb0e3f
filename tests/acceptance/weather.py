"""A mirror with moods: a share of its answers are late, broken off, refused or of the wrong bytes.

Three of its releases never end well, each in a way of its own; all others do, if one asks often enough.
"""

import random
from dataclasses import dataclass, field

from codehost.model.errors import Reason
from codehost.model.jobs import JobState
from tests.acceptance.catalogue import MISSING, fill
from tests.simulator.distfiles import make_sdist, sdist_name
from tests.simulator.mirror import Fault, Mirror

TORN = "torn==1.0"
LIED = "lied==1.0"
# How those end that never end well.
ENDS = {
    MISSING: (JobState.ERRORED, Reason.NOT_FOUND),
    TORN: (JobState.FAILED, Reason.UNSAFE_ARCHIVE),
    LIED: (JobState.ERRORED, Reason.HASH_MISMATCH),
}
_MORE_PROJECTS = 12
_VERSIONS = ("0.1", "0.2", "0.3", "0.4", "0.5")
_SLOWEST = 0.6


@dataclass(slots=True)
class MoodyMirror(Mirror):
    """``trouble``: the share of answers that are no good. Most others are late, so that work stays in flight."""

    trouble: float = 0.0
    chance: random.Random = field(default_factory=random.Random)

    def fill(self, versions: int = len(_VERSIONS), more: int = _MORE_PROJECTS) -> list[str]:
        """List and serve releases, some hundred at most; returns the pins, those that never end well last."""
        pins = fill(self, versions)[:-1]
        for number in range(more):
            project = f"more{number}"
            for version in _VERSIONS[:versions]:
                self.add(sdist_name(project, version), make_sdist(project, version))
                pins.append(f"{project}=={version}")
        self.add(sdist_name("torn", "1.0"), make_sdist("torn", "1.0")[:-40])
        self.add(sdist_name("lied", "1.0"), make_sdist("lied", "1.0"), hashes={"sha256": "0" * 64})
        return [*pins, *ENDS]

    def _take_fault(self, path: str) -> Fault:
        if self.chance.random() >= self.trouble:
            fault = Mirror._take_fault(self, path)  # noqa: SLF001 - super() does not work in a class with slots
            fault.delay = fault.delay or (self.chance.uniform(0, _SLOWEST) if self.trouble else 0.0)
            return fault
        kinds = [
            Fault(status=500),
            Fault(status=503, retry_after="1"),
            Fault(status=429, retry_after="1"),
            Fault(drop=True),
            Fault(send_only=60),
            Fault(delay=3.0),
        ]
        if path.startswith("/files/"):
            kinds.append(Fault(body=b"not what was promised"))
        return self.chance.choice(kinds)
