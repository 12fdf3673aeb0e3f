"""``codehost export``, wired."""

from collections.abc import Callable
from pathlib import Path

from codehost.app.storage import Storage, existing_database, understood
from codehost.model.errors import UserError
from codehost.model.repository_names import clone_path
from codehost.record.repositories import Present, Repositories
from codehost.serve.api.links import page_path
from codehost.serve.exports import SEPARATOR, Engine, Exported, layout, sourcegraph

_PAGE = 5_000


async def export(storage: Storage, engine: Engine, url: str | None, write: Callable[[str], object]) -> None:
    """Write an engine's configuration, piece by piece.

    Args:
        storage: where the state is.
        engine: the search engine.
        url: where ``codehost serve`` is; None: the engine reads the repositories from this machine's disk.
        write: takes the next piece.

    Raises:
        UserError: the engine needs the URL and there is none, or the database cannot be used.
    """
    if engine is Engine.SOURCEGRAPH:
        if url is None:
            raise UserError("Sourcegraph asks the server for the repositories: give its address with --url.")
        write(sourcegraph(url))
        return
    plan = layout(engine)
    with understood(storage):
        async with existing_database(storage) as database:
            repositories, after, between = Repositories(database), 0, plan.head
            while page := await repositories.present(after, _PAGE):
                items = (plan.item(_exported(one, storage.data.repository(one.repository), url)) for one in page)
                write(between + SEPARATOR.join(items))
                after, between = page[-1].release_id, SEPARATOR
            write(plan.tail if after else plan.head + plan.tail)


def _exported(one: Present, path: Path, url: str | None) -> Exported:
    return Exported(
        release_id=one.release_id,
        name=one.repository,
        version=one.pinned_version,
        clone_url=path.as_uri() if url is None else f"{url}{clone_path(one.repository)}",
        path=str(path),
        page=None if url is None else f"{url}{page_path(one.repository)}",
    )
