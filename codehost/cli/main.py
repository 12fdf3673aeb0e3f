"""``main(argv)`` returns the exit status; ``commands`` is the group of all commands."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import cast

import click

from codehost import __version__
from codehost.cli.statuses import ENDINGS, INTERRUPTED, OK, status_of

# The module below ``codehost.cli`` that has the command. Importing all of them would take most of the time of most.
_MODULES = {
    "cancel": "jobs",
    "check": "mirrors",
    "export": "export",
    "follow": "follow",
    "hosts": "hosts",
    "import": "starting",
    "init": "starting",
    "keys": "keys",
    "migrate": "looking",
    "plan": "mirrors",
    "retry": "jobs",
    "search": "search",
    "serve": "serve",
    "show": "looking",
    "status": "looking",
    "sync": "syncing",
    "tokens": "tokens",
    "validate": "syncing",
    "verify": "looking",
    "worker": "worker",
}


class _Commands(click.Group):
    """Commands that are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"codehost.cli.{_MODULES[cmd_name]}")
        # A name that is a word of Python's has an underscore behind it.
        command = getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_")
        return cast("click.Command", command)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 all well; 1 something was not synced, not found or not sound; 2 the configuration cannot be"
    " read or is not valid, or the command line is not; 3 the program could not work; 130 interrupted.",
)
@click.version_option(__version__)
def commands() -> None:
    """Every Python release that an organisation depends on, as git repositories for a code search engine."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 1, 2, 3 or 130 (see ``codehost --help``)."""
    try:
        result = commands.main(args=argv, prog_name="codehost", standalone_mode=False)
    except click.exceptions.Exit as request:
        return request.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except ENDINGS as error:
        return status_of(error)
    return result if isinstance(result, int) else OK


if __name__ == "__main__":
    sys.exit(main())
