"""``codehost verify``, wired."""

import shutil
from collections.abc import Callable

from codehost.app.alone import refuse_beside_workers
from codehost.app.storage import Storage, existing_database, pair, understood
from codehost.housekeeping import locked
from codehost.model.errors import UserError
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.verify import Verification, Verifier


async def verify(storage: Storage, checked: Callable[[str], None], *, repair: bool) -> Verification:
    """Check every repository, and repair what is wrong if asked.

    Raises:
        UserError: the data directory or the database cannot be used.
    """
    if shutil.which("git") is None:
        raise UserError("git is not installed, or not on PATH: codehost verify needs it.")
    with understood(storage):
        # The database first: locking would make the data directory.
        async with existing_database(storage) as database:
            # A directory with its number is the right one, and has lost them: pair() says so if it is not.
            if not storage.data.repositories.is_dir() and not storage.data.identity.exists():
                raise UserError(f"There are no repositories in {storage.data.root}: check --data-dir.")
            with locked(storage.data):
                # What a worker elsewhere has just published would look like a stray.
                await refuse_beside_workers(database, command="verify")
                await pair(database, storage.data)
                verifier = Verifier(
                    data=storage.data,
                    hosts=CodeHosts(database),
                    jobs=Jobs(database),
                    releases=Releases(database),
                    reports=Reports(database),
                )
                verification = await verifier.run(checked)
                if repair:
                    await verifier.repair(verification.findings)
                return verification
