"""Exit statuses, and what ends a command before it has one of its own."""

from contextlib import suppress

import click

from codehost.model.errors import UserError

OK = 0
SOME_FAILED = 1
NOT_VALID = 2
CANNOT_WORK = 3
INTERRUPTED = 130


class Invalid(Exception):  # noqa: N818 - carries an exit status, not an error of the program
    """The configuration has violations, which were printed."""


ENDINGS = (click.ClickException, Invalid, UserError, OSError)


def status_of(error: Exception) -> int:
    """Say what ended the command, one of ``ENDINGS``; returns the exit status."""
    if isinstance(error, click.ClickException):
        with suppress(OSError):
            error.show()
        return NOT_VALID
    if isinstance(error, Invalid):
        return NOT_VALID
    if isinstance(error, OSError):
        # What commands read and write elsewhere is explained there.
        error = UserError(f"standard output cannot be written ({error.strerror or error}).")
    complain(f"codehost: {error}")
    return CANNOT_WORK


def complain(text: str) -> None:
    """Print a line on standard error."""
    # Where nobody can be told, the exit status still says it.
    with suppress(OSError):
        click.echo(text, err=True)
