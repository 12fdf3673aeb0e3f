import io

from rich.console import Console

from codehost.terminal.watching import Watched


def shown(console: Console) -> str:
    with Watched(console) as watched:
        watched.show(["one [bold]", "two \x1b[31m"])
        watched.show(["three"])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_elsewhere_one_block_after_the_other() -> None:
    assert shown(Console(file=io.StringIO())) == "one [bold]\ntwo \\x1b[31m\n\nthree\n\n"


def test_on_a_terminal_in_place() -> None:
    out = shown(Console(file=io.StringIO(), force_terminal=True, width=40, height=10))
    first, _, second = out.partition("two \\x1b[31m")
    assert "one [bold]" in first
    # ECMA-48: the cursor goes up and the lines are erased before the new ones are drawn.
    assert "\x1b[1A\x1b[2K" in second
    assert "three" in second
