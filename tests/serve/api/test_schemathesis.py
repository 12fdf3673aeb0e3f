"""The OpenAPI document tells the truth: Schemathesis makes requests from it, right and wrong ones, and judges answers.

The long form: CODEHOST_SCHEMATHESIS_EXAMPLES=500 pytest tests/serve/api/test_schemathesis.py
"""

import asyncio
import os
from contextlib import nullcontext, suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from codehost.record.hosts import NameTakenError
from tests.serve.api.administered import Administered
from tests.serve.api.feeding import sync
from tests.serve.pages.site import make_repository, member

EXAMPLES = int(os.environ.get("CODEHOST_SCHEMATHESIS_EXAMPLES", "6"))
NAME = "work"
REPOSITORY = "work/six/1.0"
# What there is, by the parameter that names it.
THERE = {"host": NAME, "name": REPOSITORY}
# A stream has no end that could be waited for.
STREAMS = {"/events"}
DOCUMENT = '{"urls": ["http://127.0.0.1:9/simple"], "dependencies": ["six==1.0"]}'
# A document is a text to the API's schema, and most texts are none; the same goes for cursors and names.
PASSED_OVER = {"positive_data_acceptance"}
# They say where a request ends: with wrong ones there is none, and nobody below the API's description to answer it.
FRAMING = {"transfer-encoding", "content-length", "connection", "expect", "upgrade", "te", "trailer"}


def operations(root: str) -> list[Any]:
    """All but that of the description itself, which Schemathesis leaves out, and streams."""
    schema = schemathesis.openapi.from_url(f"{root}/openapi.json")
    found = (one.ok() for one in schema.get_all_operations() if isinstance(one, Ok))
    return [operation for operation in found if operation.path not in STREAMS]


def examine(site: Administered, operation: Any, loop: asyncio.AbstractEventLoop, *, known: bool) -> int:
    """Ask for the operation in many ways, of what there is or of anything; returns how often."""
    token = {"Authorization": f"Bearer {site.admin}"}
    passed_over = [CHECKS.get_one(name) for name in PASSED_OVER]
    count = 0

    def ask(case: Any) -> None:
        nonlocal count
        count += 1
        if known:
            # An earlier request may have removed it.
            with suppress(NameTakenError):
                asyncio.run_coroutine_threadsafe(site.hosting.add(NAME, DOCUMENT), loop).result(30)
            case.path_parameters = {name: THERE[name] for name in case.path_parameters}
        if isinstance((case.query or {}).get("wait"), int | float):
            case.query["wait"] = min(case.query["wait"], 0.05)
        for name in [name for name in case.headers or {} if name.lower() in FRAMING]:
            del case.headers[name]
        case.call_and_validate(headers=token, excluded_checks=passed_over, timeout=30)

    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    for mode in modes:
        settled = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES <= 10,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        # What takes nothing cannot be asked wrongly.
        with nullcontext() if mode is schemathesis.GenerationMode.POSITIVE else suppress(Unsatisfiable):
            settled(given(case=operation.as_strategy(generation_mode=mode))(ask))()
    return count


@pytest.fixture
async def numbers(site: Administered) -> dict[str, int]:
    """How often each operation was asked for."""
    await sync(site.database, "six==1.0", name=NAME)
    make_repository(site.data, REPOSITORY, [member(b"six.py", b"needle\n")], tag="v1.0")
    asked: dict[str, int] = {}
    loop = asyncio.get_running_loop()
    for operation in await asyncio.to_thread(operations, site.root):
        for known in (False, True) if any(f"{{{name}}}" in operation.path for name in THERE) else (False,):
            label = f"{operation.method.upper()} {operation.path}"
            asked[label] = asked.get(label, 0) + await asyncio.to_thread(examine, site, operation, loop, known=known)
    return asked


async def test_the_description_is_true(site: Administered, numbers: dict[str, int]) -> None:
    described = (await site.ask("GET", "/openapi.json")).json["paths"]
    labels = {f"{method.upper()} {path}" for path in described for method in described[path]}
    assert set(numbers) == labels - {"GET /openapi.json", *(f"GET {path}" for path in STREAMS)}
    assert all(numbers.values())
