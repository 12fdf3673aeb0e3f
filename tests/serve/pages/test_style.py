"""The style sheet: readable in light and in dark (WCAG 2.2, 1.4.3: a contrast of 4.5)."""

import re
from itertools import product
from pathlib import Path

import pytest

import codehost.serve.pages

STYLE = (Path(codehost.serve.pages.__file__).parent / "templates" / "style.css").read_text()
BLOCKS = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
TEXTS = ("ink", "quiet", "link", "odd", "keyword", "string", "comment", "number", "name", "decorator", "wrong")
GROUNDS = ("paper", "panel", "chosen")


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): #([0-9a-f]{6});", block))


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("block", BLOCKS)
def test_contrasts(block: str) -> None:
    colours = _colours(block)
    pairs = [
        *product(TEXTS, GROUNDS),
        *product(("ink", "link", "odd"), ("hit",)),
        ("ink", "notice"),
        ("odd", "notice"),
        ("ink", "alarm"),
        ("link", "alarm"),
    ]
    faint = {pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert {pair: contrast for pair, contrast in faint.items() if contrast < 4.5} == {}


def test_both_schemes_have_all_colours() -> None:
    light, dark = map(_colours, BLOCKS)
    assert light.keys() == dark.keys()
    assert set(re.findall(r"var\(--([a-z]+)\)", STYLE)) == light.keys()


def test_nothing_is_fetched() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
