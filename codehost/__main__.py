"""``python -m codehost`` and the ``codehost`` script.

Child processes import this module too, so it loads nothing before it runs.
"""

import gc
import os
import sys

# A hundred thousand pins are as many objects without a cycle; looking for one at every 700 takes a sixth of the time.
_COLLECT_EVERY = 50_000


def run() -> None:
    """Run a command and exit with its status."""
    # Without git, GitPython would refuse to be imported; the one command that needs git says so itself.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    gc.set_threshold(_COLLECT_EVERY)
    from codehost.cli.main import main  # noqa: PLC0415 - see above

    sys.exit(main())


if __name__ == "__main__":
    run()
