"""``/api/v1/mirrors``: which mirrors fail, and which of them are left alone."""

import msgspec

from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.api.status import status_now
from codehost.serve.ports import Lookout


class FailingMirror(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mirror that failed of late.

    Attributes:
        code_host: whose mirror it is.
        mirror: its URL without credentials.
        left_alone: whether it is not asked at this moment.
        failures: how many in a row.
        since: when the first of them was.
        open_until: when it is asked again; None while it is asked.
        reason: the class of the last failure.
        message: what happened last.
    """

    code_host: str
    mirror: str
    left_alone: bool
    failures: int
    since: str
    open_until: str | None
    reason: str
    message: str


class FailingMirrors(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The mirrors that failed of late; all others are well, or are not asked."""

    at: str
    items: tuple[FailingMirror, ...]


class Mirrors:
    """The health of mirrors."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout

    def endpoints(self) -> list[Endpoint]:
        """The one."""
        return [
            Endpoint(
                method="GET",
                path="/mirrors",
                name="listFailingMirrors",
                summary="The mirrors that failed of late, and which of them are left alone for a while",
                tag="status",
                handle=self.list,
                answers={200: FailingMirrors},
            )
        ]

    async def list(self, _call: Call[Nothing, None]) -> Answer:
        """Those that fail."""
        now = await status_now(self._lookout)
        items = tuple(
            FailingMirror(
                code_host=host.name,
                # RFC 3339 in UTC sorts by time.
                left_alone=circuit.open_until is not None and circuit.open_until > now.at,
                **msgspec.structs.asdict(circuit),
            )
            for host in now.code_hosts
            for circuit in host.circuits
        )
        return Answer(content=FailingMirrors(at=now.at, items=items))
