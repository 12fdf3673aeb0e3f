"""Lines for people. Mirrors, archives and file names say what they like; none of it may command the terminal."""

from rich.console import Console
from rich.text import Text


class LastingConsole(Console):
    """A console for what is said in passing: when its reader is gone it falls silent, and the program goes on."""

    def on_broken_pipe(self) -> None:
        """Say no more; what this overrides would close standard output and end the program."""
        self.quiet = True


def printable(text: str) -> str:
    """The text on one line: control characters, line breaks and the like are written as escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def say(console: Console, text: str, style: str = "") -> None:
    """Print a line as it is: nothing in it is taken for markup or an emoji's name, and it is not broken."""
    console.print(Text(printable(text), style=style), soft_wrap=True)


def duration(seconds: float) -> str:
    """So many seconds in the two largest units that say something."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
