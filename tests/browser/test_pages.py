"""The pages in a real browser: quiet, harmless, usable by keyboard, without scripts, in the dark and on a telephone."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import presence_of_element_located, url_contains
from selenium.webdriver.support.wait import WebDriverWait

from codehost.serve.access.gate import Reading
from tests.browser.browsing import Browser
from tests.browser.content import DEEP, NAME
from tests.browser.serving import Served, stranger, whole

AXE = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# Each kind of page, in each of its forms.
PAGES = {
    "index": "/",
    "project": "/?q=six",
    "no project": "/?q=%3Cscript%3E%22%E2%80%AE",
    "how to search": "/-/search",
    "search": "/-/search?q=def",
    "hostile results": "/-/search?q=PWNE%5BD%5D&all=1",
    "long results": "/-/search?q=yyyy",
    "nothing found": "/-/search?q=%22%3Cscript%3E%E2%80%AE%22",
    "list": "/?host=",
    "empty list": "/?host=%3Cb%3E&state=failed",
    "release": f"/{NAME}",
    "queued release": "/other/numpy/2.1.0",
    "tree": f"/{NAME}/tree/HEAD",
    "hostile names": f"/{NAME}/tree/HEAD/names",
    "lines": f"/{NAME}/blob/HEAD/six.py#L10-L20",
    "markup": f"/{NAME}/blob/HEAD/evil.html",
    "readme": f"/{NAME}/blob/HEAD/README.rst",
    "deep": f"/{NAME}/blob/HEAD/{DEEP.decode()}",
    "turned around": f"/{NAME}/blob/HEAD/bidi.py",
    "long lines": f"/{NAME}/blob/HEAD/long.py",
    "binary": f"/{NAME}/blob/HEAD/binary.so",
    "empty": f"/{NAME}/blob/HEAD/empty.txt",
    "link": f"/{NAME}/blob/HEAD/alias.py",
    "commit": f"/{NAME}/commit/HEAD",
}
PROBLEMS = {
    "no query": "/-/search?q=six+%28x",
    "unknown project": "/-/search?q=six&project=sixx",
    "no page": "/nowhere/at/all",
    "no release": "/python/six/9",
    "no file": f"/{NAME}/blob/HEAD/nothing",
    "no revision": f"/{NAME}/blob/v9/six.py",
}
# A browser's console has a line for every answer that is an error.
STATUS = re.compile("the server responded with a status of (404|422)")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


AXE_RUN = """
const done = arguments[arguments.length - 1];
axe.run({runOnly: arguments[0]}).then(done, error => done({violations: [{id: String(error), nodes: []}], passes: []}));
"""


def _judge(browser: Browser, rules: list[str]) -> set[str]:
    """What axe finds right, when it finds nothing wrong."""
    found: dict[str, Any] = browser.driver.execute_async_script(AXE_RUN, rules)
    wrong = [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found["violations"]]
    assert wrong == []
    return {one["id"] for one in found["passes"]}


# One test for each page, and not one for each question: what takes time is to go there.
@pytest.mark.parametrize("kind", [*PAGES, *PROBLEMS])
def test_a_page(browser: Browser, served: Served, kind: str) -> None:
    browser.open(served.root + {**PAGES, **PROBLEMS}[kind])
    _is_quiet_and_harmless(browser)
    browser.run(AXE)
    assert _judge(browser, RULES) >= {"document-title", "html-has-lang", "color-contrast", "landmark-one-main"}
    browser.scheme("dark")
    assert "color-contrast" in _judge(browser, ["wcag2aa"])
    # Code alone is scrolled sideways.
    browser.window(360, 700)
    assert browser.run("return document.scrollingElement.scrollWidth") <= 360


def _is_quiet_and_harmless(browser: Browser) -> None:
    assert [line for line in browser.complaints() if STATUS.search(line) is None] == []
    assert browser.run("return document.styleSheets[0].cssRules.length") > 10
    assert "PWNED" not in browser.driver.title
    assert browser.run("return document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert len(browser.driver.find_elements(By.TAG_NAME, "h1")) == 1


def test_a_problem_that_is_met_before_the_pages_is_a_page_too(browser: Browser, served: Served) -> None:
    browser.open(served.root.replace("127.0.0.1", "code.example.com"))
    assert browser.driver.find_element(By.TAG_NAME, "h1").text == "This server is not called so"
    assert browser.run("return document.styleSheets[0].cssRules.length") > 10
    assert [line for line in browser.complaints() if "status of 421" not in line] == []


def test_a_token_is_taken_as_a_password(browser: Browser, tmp_path: Path) -> None:
    with whole(tmp_path, {}, reading=Reading.TOKEN) as closed:
        browser.open(closed.root.replace("//", f"//x:{closed.token}@") + "/")
        assert browser.driver.find_element(By.TAG_NAME, "h1").text == "Repositories"
        assert browser.complaints() == []


def test_titles_tell_pages_apart(browser: Browser, served: Served) -> None:
    titles = []
    for kind in (
        "index",
        "project",
        "search",
        "how to search",
        "list",
        "release",
        "tree",
        "hostile names",
        "lines",
        "commit",
    ):
        browser.open(served.root + PAGES[kind])
        titles.append(browser.driver.title)
    assert sorted(set(titles)) == sorted(titles)


# A page of another site takes the files in every way that there is.
EMBEDDED = ("evil.html", "evil.svg", "evil.js", "evil.css")


@pytest.mark.parametrize("name", EMBEDDED)
def test_raw_files_opened_directly_do_nothing(browser: Browser, served: Served, name: str) -> None:
    browser.open(f"{served.root}/{NAME}/raw/HEAD/{name}")
    assert "PWNED" not in browser.driver.title
    assert browser.run("return document.contentType") == "text/plain"
    assert browser.complaints() == []


def test_raw_files_in_another_sites_page_do_nothing(browser: Browser, served: Served) -> None:
    raw = f"{served.root}/{NAME}/raw/HEAD"
    page = (
        "<!doctype html><title>theirs</title>"
        f'<script src="{raw}/evil.js"></script><img id="i" src="{raw}/evil.svg">'
        f'<link rel="stylesheet" href="{raw}/evil.css"><iframe id="f" src="{raw}/evil.html"></iframe>'
        f'<iframe src="{served.root}/"></iframe><object data="{raw}/evil.svg"></object><p id="p">shown</p>'
    )
    with stranger({"/": page}) as root:
        browser.open(root + "/")
        assert browser.driver.title == "theirs"
        assert browser.run("return document.getElementById('i').naturalWidth") == 0
        assert browser.driver.find_element(By.ID, "p").is_displayed()
        frame = browser.driver.find_element(By.ID, "f")
        browser.driver.switch_to.frame(frame)
        assert "PWNED" not in browser.driver.page_source
        assert "onerror" not in browser.driver.page_source
        browser.driver.switch_to.default_content()
    said = " ".join(browser.complaints())
    assert "frame-ancestors" in said or "X-Frame-Options" in said


CHOSEN = "return [...document.querySelectorAll('tr.chosen')].map(row => row.id)"
SEEN = """
const box = document.getElementById(arguments[0]).getBoundingClientRect();
return box.top >= 0 && box.bottom <= innerHeight;
"""


def _lines(first: int, last: int) -> list[str]:
    return [f"L{number}" for number in range(first, last + 1)]


def _number(browser: Browser, number: int) -> Any:
    return browser.driver.find_element(By.CSS_SELECTOR, f"#L{number} td.n a")


@pytest.mark.parametrize("fragment", ["L110-L120", "L120-L110"])
def test_a_range_is_marked_and_scrolled_to(browser: Browser, served: Served, fragment: str) -> None:
    browser.open(f"{served.root}/{NAME}/blob/HEAD/six.py#{fragment}")
    assert browser.run(CHOSEN) == _lines(110, 120)
    assert browser.run(SEEN, "L110")
    ground = "return getComputedStyle(document.getElementById(arguments[0])).backgroundColor"
    assert browser.run(ground, "L115") != browser.run(ground, "L121")


def test_a_click_makes_the_link_and_one_with_shift_the_range(browser: Browser, served: Served) -> None:
    browser.open(f"{served.root}/{NAME}/blob/HEAD/six.py")
    _number(browser, 5).click()
    assert browser.driver.current_url.endswith("six.py#L5")
    ActionChains(browser.driver).key_down(Keys.SHIFT).click(_number(browser, 9)).key_up(Keys.SHIFT).perform()
    assert browser.driver.current_url.endswith("six.py#L5-L9")
    assert browser.run(CHOSEN) == _lines(5, 9)
    assert len(browser.driver.window_handles) == 1
    _number(browser, 7).click()
    assert browser.run(CHOSEN) == []
    browser.driver.back()
    assert browser.run(CHOSEN) == _lines(5, 9)


@pytest.mark.parametrize("fragment", ["L0", "L999999-L3", "L5-", "L1-L9999999", "x", "%3Cscript%3E"])
def test_odd_fragments_do_no_harm(browser: Browser, served: Served, fragment: str) -> None:
    browser.open(f"{served.root}/{NAME}/blob/HEAD/six.py#{fragment}")
    assert browser.complaints() == []


def test_without_scripts(browser: Browser, served: Served) -> None:
    browser.scripts(allowed=False)
    browser.open(f"{served.root}/{NAME}/blob/HEAD/six.py#L110")
    assert browser.run(SEEN, "L110")
    assert browser.run("return document.querySelector('tr:target').id") == "L110"
    assert "function_27" in browser.driver.find_element(By.TAG_NAME, "main").text
    browser.open(f"{served.root}/{NAME}")
    browser.driver.find_element(By.LINK_TEXT, "Browse the files").click()
    browser.driver.find_element(By.LINK_TEXT, "six.py").click()
    assert browser.driver.find_element(By.TAG_NAME, "h1").text == "six.py"


def test_the_first_tab_skips_to_the_content(browser: Browser, served: Served) -> None:
    browser.open(f"{served.root}/{NAME}")
    assert browser.tab()["name"] == "Skip to the content"
    assert browser.run("return document.activeElement.getBoundingClientRect().left") >= 0
    browser.press(Keys.ENTER)
    assert browser.tab()["name"] == "Browse the files"


@pytest.mark.parametrize(
    "kind", ["index", "search", "no query", "list", "release", "tree", "deep", "commit", "no release"]
)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser: Browser, served: Served, kind: str) -> None:
    browser.open(served.root + {**PAGES, **PROBLEMS}[kind])
    wanted = browser.run(
        "return [...document.querySelectorAll('a[href], button, input, select, summary')]"
        ".filter(e => e.matches('summary') || e.closest('details:not([open])') === null)"
        ".map(e => e.tagName.toLowerCase())"
    )
    reached: list[dict[str, str]] = []
    while (focus := browser.tab())["tag"] != "body" and len(reached) < 200:
        reached.append(focus)
        assert focus["name"], focus
        assert focus["outline"] != "none", focus
        assert focus["width"] != "0px", focus
    assert [focus["tag"] for focus in reached if focus["tag"] not in {"div", "pre"}] == wanted


def test_a_project_is_found_by_keyboard_alone(browser: Browser, served: Served) -> None:
    browser.open(served.root)
    while browser.tab()["tag"] != "input":
        pass
    browser.press("six==1.15.0", Keys.ENTER)
    WebDriverWait(browser.driver, 20).until(url_contains("/-/search?q="))
    browser.driver.find_element(By.LINK_TEXT, "six==1.15.0").click()
    assert browser.driver.find_element(By.TAG_NAME, "h1").text == "six 1.15.0"


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_box_to_the_line(browser: Browser, served: Served, scripts: bool) -> None:  # noqa: FBT001 - a row
    browser.scripts(allowed=scripts)
    browser.open(f"{served.root}/{NAME}")
    browser.driver.find_element(By.ID, "q").send_keys("function_27", Keys.ENTER)
    WebDriverWait(browser.driver, 30).until(presence_of_element_located((By.CSS_SELECTOR, ".summary")))
    assert [one.text for one in browser.driver.find_elements(By.TAG_NAME, "mark")] == ["function_27"]
    assert not browser.driver.find_element(By.CSS_SELECTOR, ".searching").is_displayed()
    assert "1 line in 1 file" in browser.driver.find_element(By.CSS_SELECTOR, ".summary").text
    browser.driver.find_element(By.CSS_SELECTOR, ".found tr:not(.around) .n a").click()
    WebDriverWait(browser.driver, 20).until(url_contains(f"/{NAME}/blob/{served.commits[NAME]}/six.py#L109"))
    assert browser.run("return document.querySelector('tr:target').id") == "L109"
    assert browser.run(SEEN, "L109")
    ground = "return getComputedStyle(document.getElementById(arguments[0])).backgroundColor"
    assert browser.run(ground, "L109") != browser.run(ground, "L110")
    browser.driver.back()
    assert browser.driver.find_element(By.ID, "q").get_attribute("value") == "function_27"
    assert browser.complaints() == []


def test_more_of_a_file(browser: Browser, served: Served) -> None:
    browser.open(f"{served.root}/-/search?q=def")
    assert len(browser.driver.find_elements(By.TAG_NAME, "mark")) == 10
    browser.driver.find_element(By.LINK_TEXT, "More in this file").click()
    WebDriverWait(browser.driver, 30).until(url_contains("each="))
    WebDriverWait(browser.driver, 30).until(presence_of_element_located((By.CSS_SELECTOR, ".summary")))
    assert len(browser.driver.find_elements(By.TAG_NAME, "mark")) == 35
    assert browser.run("return document.querySelector('article:target h3 a').textContent") == "six.py"
