"""A repository as this program writes it: one commit, and one pack of whole objects that holds what it needs."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePack:
    """A repository of one commit: its references, all to ``commit``, sorted; ``head`` is the one HEAD stands for."""

    commit: bytes
    head: bytes
    references: tuple[bytes, ...]
    pack: Path
