"""When a preview stops asking: a mirror that cannot be reached makes every pin wait for its retries. Pure."""

from codehost.model.errors import Failure, Reason
from codehost.model.releases import Resolution

MOST_IN_A_ROW = 3


class NotAskedAgain(Failure):
    """Nobody was asked for this pin: its mirror could not be reached for several projects in a row."""


class Patience:
    """Watches the answers of one preview.

    Attributes:
        ended: the failure that the rest is answered with; None as long as asking makes sense.
    """

    def __init__(self, most: int = MOST_IN_A_ROW) -> None:
        self.ended: NotAskedAgain | None = None
        self._most = most
        self._mirror: str | None = None
        self._projects: set[str] = set()
        self._ahead: set[str] = set()

    def heard(self, project: str, answer: Resolution | Failure) -> None:
        """Take note of the answer for a pin of the project (normalised name)."""
        if isinstance(answer, Resolution):
            self._ahead.add(answer.asked[0].mirror if answer.asked else answer.mirror)
        if not isinstance(answer, Failure) or answer.reason is not Reason.NETWORK or answer.mirror is None:
            self._projects.clear()
            return
        if answer.mirror != self._mirror:
            self._projects.clear()
        self._mirror = answer.mirror
        self._projects.add(project)
        # Where another mirror comes first and has releases, it may have the rest as well.
        if self.ended is None and len(self._projects) >= self._most and self._ahead <= {answer.mirror}:
            what = f"not asked again: {answer.what} (for {len(self._projects)} projects in a row)"
            self.ended = NotAskedAgain(Reason.NETWORK, what, mirror=answer.mirror)
