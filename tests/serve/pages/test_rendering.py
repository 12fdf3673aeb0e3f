"""Templates: every value is escaped and visible, and a missing one is an error."""

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import codehost.serve.pages
from codehost.serve.pages.links import Links
from codehost.serve.pages.rendering import Renderer

TEMPLATES = Path(codehost.serve.pages.__file__).parent / "templates"


def test_values_are_escaped_and_visible() -> None:
    page = Renderer(Links()).fill("problem.html", heading="<i>\u202e", sentence='"&\x1b', ways=[], releases=[]).decode()
    assert "<h1>&lt;i&gt;U+202E</h1>" in page
    assert '<p>&#34;&amp;<span class="odd">U+001B</span></p>' in page


def test_what_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        Renderer(Links()).fill("problem.html", heading="x")


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_nothing_is_taken_for_safe(template: Path) -> None:
    text = template.read_text()
    assert "|safe" not in text
    assert "autoescape" not in text
    assert " style=" not in text
    assert re.search(r"\son(?!e\b)\w+\s*=", text) is None


def test_builds_differ_from_nothing() -> None:
    assert len(Renderer(Links()).build) == 16
