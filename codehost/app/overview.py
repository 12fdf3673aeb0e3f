"""How everything stands, from the database and the stored documents: for ``codehost status`` and for the metrics."""

import asyncio

from codehost.config.document import DocumentError, parse
from codehost.config.settings import rate_limit_of
from codehost.model.codehosts import RateLimit
from codehost.model.status import HostRecord, HostStatus, Status, status_of
from codehost.record.database import Database
from codehost.record.overview import Overview


class Lookout:
    """Looks again and again. A document is read once for each of its states: it may name a million pins."""

    def __init__(self, database: Database) -> None:
        self._overview = Overview(database)
        self._limits: dict[int, tuple[str, RateLimit | None]] = {}

    async def status(self) -> Status:
        """How everything stands now.

        Raises:
            UserError: the database cannot be read.
        """
        found = await self._overview.survey()
        hosts = tuple([await self._host(record) for record in found.hosts])
        return Status(now=found.now, hosts=hosts, workers=found.workers, leases=found.leases)

    async def _host(self, record: HostRecord) -> HostStatus:
        limit = await self._limit(record)
        return status_of(record, None if limit is None else limit.requests_per_hour, readable=limit is not None)

    async def _limit(self, record: HostRecord) -> RateLimit | None:
        host = record.host
        digest, limit = self._limits.get(host.code_host_id, ("", None))
        if digest != host.document_sha256:
            document = await self._overview.document(host.code_host_id)
            limit = await asyncio.to_thread(rate_limit_in, document)
            self._limits[host.code_host_id] = (host.document_sha256, limit)
        return limit


def rate_limit_in(document: str) -> RateLimit | None:
    """What a stored document says of its budget; None if it cannot be read."""
    try:
        value = parse(document).value
        return rate_limit_of(value.get("rateLimit", {}))
    except (DocumentError, AttributeError, TypeError, ValueError):
        # Only a document that was checked is stored; whoever changed it by hand is told elsewhere.
        return None
