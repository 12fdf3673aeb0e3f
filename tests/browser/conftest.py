"""One browser for all of these tests: Debian's Chromium without a window. It downloads nothing."""

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.browser.browsing import Browser
from tests.browser.content import MORE, PINS
from tests.browser.serving import Served, whole

_ROOT = 0
# One name leads to this machine, and no other anywhere: whatever a page fetched from elsewhere would fail aloud.
NAMES = "--host-resolver-rules=MAP code.example.com 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        if "chromium" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
            pytest.fail("Chromium is required but missing: install chromium and chromium-driver.")
        pytest.skip("Chromium is missing: install chromium and chromium-driver.")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Containers have little shared memory, and often no GPU.
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,900", NAMES):
        options.add_argument(argument)
    if os.geteuid() == _ROOT:
        options.add_argument("--no-sandbox")
    # Selenium looks for a driver in the network unless it is given one.
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(driver=started)
    finally:
        started.quit()


@pytest.fixture(scope="session")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server with hostile releases, open to all. Not started where there is no browser for it."""
    with whole(tmp_path_factory.mktemp("served"), PINS, more=MORE) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(browser: Browser) -> None:
    """Nothing of another test: a wide window, light, with scripts, on no page."""
    browser.reset()
