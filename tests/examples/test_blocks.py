import pytest

from tests.examples.blocks import Block, blocks, prints, steps

PAGE = """\
# A page

```console
$ one
said
more
$ two \\
  goes on   # why
$ cat > file <<'END'
$ no command
END
$ four
```

    indented

```sh
five
```
"""


def test_blocks() -> None:
    console, script = blocks(PAGE)
    assert (console.kind, console.line) == ("console", 4)
    assert script == Block(kind="sh", text="five\n", line=18)


def test_steps() -> None:
    console, _ = blocks(PAGE)
    found = [(step.command, step.shown, step.line) for step in steps(console)]
    assert found == [
        ("one", "said\nmore", 4),
        ("two \\\n  goes on   # why", "", 7),
        ("cat > file <<'END'\n$ no command\nEND", "", 9),
        ("four", "", 12),
    ]


def test_a_terminal_begins_with_a_command() -> None:
    with pytest.raises(AssertionError, match="line 7 is behind no command"):
        list(steps(Block(kind="console", text="said\n$ one\n", line=7)))


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("a b", "a\nb\n", True),
        ('{"a":1,\n  "b":…}', '{"a":1,"b":[1,2]}', True),
        ("a.c", "abc", False),
        ("a", "ab", False),
        ("a…", "ab\nc", True),
        ("…c", "ab", False),
        ("a", "", False),
    ],
)
def test_what_a_page_shows(shown: str, said: str, *, same: bool) -> None:
    assert prints(shown, said) is same
