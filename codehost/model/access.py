"""Who may do what over HTTP."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a token allows. An admin may do what a reader may."""

    READER = "reader"
    ADMIN = "admin"

    def allows(self, wanted: "Role") -> bool:
        """Whether whoever has this role may do what ``wanted`` is needed for."""
        return self is Role.ADMIN or self is wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who makes a request. ``role`` None: nobody known, who may see what is open to all; ``token`` names the token."""

    role: Role | None = None
    token: str | None = None
