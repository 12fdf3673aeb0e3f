from pathlib import Path

import jsonschema
import pytest

from codehost.config.contract import schema
from codehost.record.database import open_database
from codehost.serve.access.gate import Reading
from tests.serve.api.administered import Administered, administered


async def test_the_contract_is_open_to_all(tmp_path: Path) -> None:
    async with (
        open_database(None, tmp_path) as database,
        administered(database, tmp_path, reading=Reading.TOKEN) as site,
        site.session.get(f"{site.root}/schema/python-packages") as answer,
    ):
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/schema+json")
        told = await answer.json(content_type=None)
    assert told == schema()
    jsonschema.Draft7Validator.check_schema(told)


@pytest.mark.parametrize(("tag", "status"), [("{}", 304), ("W/{}", 304), ("*", 304), ('"other"', 200), ("odd", 400)])
async def test_whoever_has_it_is_told_so(site: Administered, tag: str, status: int) -> None:
    first = await site.ask("GET", "/schema/python-packages")
    sent = tag.format(first.headers["ETag"])
    again = await site.ask("GET", "/schema/python-packages", If_None_Match=sent)
    assert again.status == status
    if status == 304:
        assert (again.content, again.headers["ETag"]) == (b"", first.headers["ETag"])
        assert "max-age" in again.headers["Cache-Control"]
