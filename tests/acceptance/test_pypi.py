"""A handful of real releases, each with a habit of its own. Each is asked for once."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import Desk

pytestmark = pytest.mark.pypi

# What is pinned, and the file that must be taken for it; None: there is no such release.
PINS = {
    "six==1.16.0": "six-1.16.0.tar.gz",
    "pyreadline==2.1": "pyreadline-2.1.zip",
    "Twisted==13.2.0": "Twisted-13.2.0.tar.bz2",
    "entrypoints==0.2.2": "entrypoints-0.2.2-py2.py3-none-any.whl",
    "attrs==21.1.0": "attrs-21.1.0.tar.gz",
    "six==99.0.0": None,
}
YANKED = "python/attrs/21.1.0"


async def test_real_releases_with_habits_of_their_own(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path)
    desk.configure(["https://pypi.org/simple"], list(PINS), rateLimit={"enabled": True, "requestsPerHour": 30})
    ended = await desk.sync()
    pins: list[dict[str, Any]] = ended.summary["pins"]
    if all(pin["reason"] == "network" for pin in pins):
        _unreachable(pins[0]["message"])
    assert {pin["pin"]: pin["file"] for pin in pins} == {pin.lower(): file for pin, file in PINS.items()}
    assert {pin["reason"] for pin in pins} == {None, "version-not-found"}
    assert (ended.status, ended.summary["counts"]["synced"]) == (1, len(PINS) - 1)
    assert ended.summary["requests"]["sent"] <= 2 * len(PINS)
    shown = await desk.run("show", YANKED, *desk.place)
    assert "yanked" in shown.stdout
    assert (await desk.verify()).status == 0


def _unreachable(message: str) -> None:
    if "pypi" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
        pytest.fail(f"the public simple API is required but cannot be reached: {message}")
    pytest.skip(f"the public simple API cannot be reached: {message}")
