"""``main(argv)`` returns the exit status; ``commands`` is the group of all commands."""

import sys
from collections.abc import Sequence

import click

from codehost import __version__
from codehost.cli.hosts import hosts
from codehost.cli.jobs import cancel, retry
from codehost.cli.keys import keys
from codehost.cli.looking import migrate, show, status, verify
from codehost.cli.mirrors import check, plan
from codehost.cli.starting import import_, init
from codehost.cli.statuses import ENDINGS, INTERRUPTED, OK, status_of
from codehost.cli.syncing import sync, validate
from codehost.cli.worker import worker


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 all well; 1 something was not synced, not found or not sound; 2 the configuration cannot be"
    " read or is not valid, or the command line is not; 3 the program could not work; 130 interrupted.",
)
@click.version_option(__version__)
def commands() -> None:
    """Every Python release that an organisation depends on, as git repositories for a code search engine."""


for command in (
    init,
    import_,
    validate,
    check,
    plan,
    sync,
    worker,
    status,
    show,
    verify,
    migrate,
    hosts,
    keys,
    cancel,
    retry,
):
    commands.add_command(command)


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
