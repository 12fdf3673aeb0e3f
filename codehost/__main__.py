"""``python -m codehost`` and the ``codehost`` script.

Child processes import this module too, so it loads nothing before it runs.
"""

import sys


def run() -> None:
    """Run a command and exit with its status."""
    from codehost.cli import main  # noqa: PLC0415 - see above

    sys.exit(main())


if __name__ == "__main__":
    run()
