import io

import pytest
from rich.console import Console

from codehost.terminal.lines import duration, say


@pytest.mark.parametrize(
    "text", ["[bold]loud[/bold]", "[/nothing]", ":warning: :bug:", "[link=x]y[/link]", "1.2.3 'a' /b"]
)
@pytest.mark.parametrize("style", ["", "bold"])
@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_is_taken_for_markup(text: str, style: str, *, terminal: bool) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, color_system="truecolor" if terminal else None, width=20)
    say(console, text, style)
    expected = f"\x1b[1m{text}\x1b[0m\n" if terminal and style else f"{text}\n"
    assert output.getvalue() == expected


def test_long_lines_are_not_broken() -> None:
    output = io.StringIO()
    say(Console(file=output, width=20), "word " * 50)
    assert output.getvalue() == "word " * 50 + "\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90061, "25 h 1 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
