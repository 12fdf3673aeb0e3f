"""What a test does with a browser."""

from dataclasses import dataclass
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

# What stands for the focused element in a list: its tag, and what a reader would call it.
_FOCUSED = """
const e = document.activeElement;
const name = e.getAttribute('aria-label') || e.textContent || (e.labels && e.labels[0] && e.labels[0].textContent);
const style = getComputedStyle(e);
const tag = e.tagName.toLowerCase();
return {tag, name: (name || '').trim(), outline: style.outlineStyle, width: style.outlineWidth};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser with one window."""

    driver: webdriver.Chrome

    def reset(self) -> None:
        """As it was at its start."""
        self.scripts(allowed=True)
        self.scheme("light")
        self.window(1200)
        self.driver.get("about:blank")
        self.complaints()

    def open(self, url: str) -> None:
        """Go there, and wait until all is loaded. From elsewhere, for a new fragment alone loads nothing."""
        self.driver.get("about:blank")
        self.driver.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """What the console has said since it was asked last: errors, and violations of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def window(self, width: int, height: int = 900) -> None:
        """Make the window this large, in CSS pixels."""
        self._tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name: str) -> None:
        """Prefer ``light`` or ``dark``."""
        self._tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def scripts(self, *, allowed: bool) -> None:
        """Let pages run scripts or not, from the next page on. ``run`` works all the same."""
        self._tell("Emulation.setScriptExecutionDisabled", value=not allowed)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab(self) -> dict[str, str]:
        """Go on by the Tab key; what has the focus then."""
        self.press(Keys.TAB)
        return dict(self.run(_FOCUSED))

    def _tell(self, command: str, **arguments: Any) -> None:
        self.driver.execute_cdp_cmd(command, arguments)
