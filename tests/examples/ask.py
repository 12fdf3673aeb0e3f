"""``codehost`` without its imports: asks for a forked run (``tests/acceptance/forks.py``) in this one's place.

It is run by itself, with as little of Python as there is: ``python -I -S ask.py FORKER ARGUMENT...``.
"""

import json
import os
import socket
import sys


def main(forker: str, *arguments: str) -> int:
    """Let it run with our files, folder and environment; returns its status."""
    asked = {
        "module": "codehost",
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109 - pathlib would be another import
        "descriptors": [f"/proc/{os.getpid()}/fd/{number}" for number in range(3)],
    }
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"\0{forker}")
        connection.sendall(f"{json.dumps(asked)}\n".encode())
        with connection.makefile() as lines:
            lines.readline()
            return int(lines.readline())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
