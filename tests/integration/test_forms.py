"""Every server by every form of URL that a person would write for it."""

from pathlib import Path

import pytest

from codehost.model.errors import Reason
from tests.integration.releases import PRIVATE, SDIST, sha256
from tests.integration.servers import Server
from tests.integration.taking import configured, failing, take

WHEEL = "wheely-3.0-py3-none-any.whl"
# A missing release, and the reason; the servers say the same in different ways.
MISSING = {"nowhere==1.0": Reason.NOT_FOUND, "inhouse==9.9": Reason.VERSION_NOT_FOUND}


@pytest.mark.parametrize(("pin", "filename"), [("inhouse==1.0", SDIST), ("wheely==3.0", WHEEL)])
async def test_every_form_of_url_leads_to_the_file(server: Server, pin: str, filename: str, tmp_path: Path) -> None:
    for url in server.urls():
        taken = await take(configured(url), pin, tmp_path)
        assert (url, taken.filename, taken.sha256) == (url, filename, sha256(PRIVATE, filename))
        assert taken.resolution.page_url == f"{server.root}/{pin.partition('==')[0]}/"


async def test_a_simple_root_costs_a_page_and_a_file(server: Server, tmp_path: Path) -> None:
    taken = await take(configured(server.root), "inhouse==1.0", tmp_path)
    # A root whose name does not say so has to prove itself, and two likelier addresses are asked before.
    certain = server.root.endswith("simple")
    assert taken.requests == (2 if certain else 4)


@pytest.mark.parametrize("pin", MISSING)
async def test_what_is_missing_is_called_missing(server: Server, pin: str, tmp_path: Path) -> None:
    for url in server.urls():
        failure = await failing(configured(url), pin, tmp_path)
        assert (url, failure.reason) == (url, MISSING[pin]), failure


async def test_a_root_that_cannot_be_guessed_is_missing_in_words_that_help(
    proxpi_server: Server, tmp_path: Path
) -> None:
    failure = await failing(configured(proxpi_server.origin), "inhouse==1.0", tmp_path)
    assert failure.reason is Reason.NOT_FOUND
    assert f"no simple API found at {proxpi_server.origin}/simple/" in str(failure)
