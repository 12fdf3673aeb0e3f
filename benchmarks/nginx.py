"""What people put in front of ``git http-backend``: nginx, and fcgiwrap that runs it.

Both have a configuration of their own, run as whoever runs the benchmark, on the loopback interface, and end with the
context. What CPU time they take nobody can tell: fcgiwrap does not wait for what it runs, so the kernel adds the time
of those processes to nobody's.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.gitrun import git
from benchmarks.loopback import HOST, free_port

_WAIT_SECONDS = 10.0
# Debian puts them where only root looks by itself.
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
_CONFIGURATION = """
daemon off;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    proxy_temp_path {folder}/proxy;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {host}:{port};
        location ~ ^/git(?<repository>/.*)$ {{
            fastcgi_pass unix:{folder}/socket;
            fastcgi_param SCRIPT_FILENAME {backend};
            fastcgi_param GIT_PROJECT_ROOT {root};
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param PATH_INFO $repository;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
        }}
    }}
}}
"""


def is_installed() -> bool:
    """Whether both programs are there."""
    return all(shutil.which(name, path=_PATH) for name in ("nginx", "fcgiwrap"))


@contextmanager
def serving(repositories: Path, processes: int) -> Iterator[int]:
    """Serve the repositories below ``/git/``, by at most ``processes`` of fcgiwrap at a time; gives the port.

    Raises:
        RuntimeError: they do not start.
    """
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-nginx-") as temporary:
        folder, port = Path(temporary), free_port()
        (folder / "nginx.conf").write_text(_configuration(folder, port, repositories))
        wrapper = [_program("fcgiwrap"), "-c", str(processes), "-s", f"unix:{folder}/socket"]
        front = [_program("nginx"), "-e", f"{folder}/error.log", "-p", temporary, "-c", f"{folder}/nginx.conf"]
        with _running(wrapper), _running(front) as nginx:
            _wait_until(lambda: _answers(port) and (folder / "socket").exists(), nginx, folder / "error.log")
            yield port


def _configuration(folder: Path, port: int, repositories: Path) -> str:
    return _CONFIGURATION.format(
        # Without it, the workers of root's nginx are somebody else, who may not use the socket.
        user="user root root;" if os.geteuid() == 0 else "",
        workers=os.cpu_count() or 1,
        folder=folder,
        host=HOST,
        port=port,
        backend=Path(git(folder, "--exec-path")) / "git-http-backend",
        root=repositories,
    )


def _program(name: str) -> str:
    return shutil.which(name, path=_PATH) or name


@contextmanager
def _running(command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    # A session of its own: fcgiwrap hands a signal that it gets on to its whole process group.
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def _wait_until(met: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not met():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"nginx does not start: {log.read_text() if log.exists() else 'no log'}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
