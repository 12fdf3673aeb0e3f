"""The files that a document refers to, and whether they have changed since they were read.

Secrets are rotated by writing a file anew, or by moving a link to another one, without a word to whoever reads them.
"""

import os
from dataclasses import dataclass, field

from codehost.config.surroundings import Surroundings
from codehost.model.codehosts import Tls

Stamp = tuple[int, int, int] | None


@dataclass(slots=True)
class Referred:
    """Surroundings that remember which files they were asked for.

    ``secrets`` and ``certificates``: by path a stamp that changes with the file, None where there was none.
    """

    inside: Surroundings
    secrets: dict[str, Stamp] = field(default_factory=dict)
    certificates: dict[str, Stamp] = field(default_factory=dict)

    def environment(self, name: str) -> str:
        """As inside. A process's environment does not change."""
        return self.inside.environment(name)

    def file(self, path: str) -> str:
        """As inside."""
        # First the stamp: what is written between the two is found changed.
        self.secrets[path] = _stamp(path)
        return self.inside.file(path)

    def check_tls(self, tls: Tls) -> None:
        """As inside."""
        for path in (tls.ca_bundle, tls.client_certificate, tls.client_key):
            if path is not None:
                self.certificates[path] = _stamp(path)
        self.inside.check_tls(tls)

    def have_changed(self) -> bool:
        """Whether any of the files is another one than when it was read."""
        seen = (*self.secrets.items(), *self.certificates.items())
        return any(_stamp(path) != stamp for path, stamp in seen)


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)  # noqa: PTH116 - a path may be one that Path cannot hold
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
