"""Lines for people. Mirrors, archives and file names say what they like; none of it may command the terminal."""

from rich.console import Console
from rich.text import Text

from codehost.model.texts import printable


class LastingConsole(Console):
    """A console for what is said in passing: when its reader is gone it falls silent, and the program goes on."""

    def on_broken_pipe(self) -> None:
        """Say no more; what this overrides would close standard output and end the program."""
        self.quiet = True


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
