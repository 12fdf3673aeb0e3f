"""The servers that people really run, each on loopback, with the same files.

Sources: the documentation and the ``--help`` of devpi-server, pypiserver, proxpi, simpleindex and Python's http.server.
None of them may ask anything outside: what looks for an upstream has one on loopback.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.integration.processes import Command, ask, require_mirrors, run_once, serving
from tests.integration.releases import Files, project_of, version_of, write_by_project, write_flat, write_static_tree

USER = "ada"
# A colon and a slash, an umlaut and a percent sign: all of them are legal in a password and have to survive a URL.
PASSWORD = "so/sécret:50%"
PLAIN_PASSWORD = "plain-enough"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its origin, and the paths at which a person may write it down, the simple root last."""

    origin: str
    forms: tuple[str, ...]

    @property
    def root(self) -> str:
        return self.origin + self.forms[-1]

    def urls(self) -> list[str]:
        """Every form, each with and without a slash at its end."""
        return [f"{self.origin}{form}{slash}" for form in self.forms for slash in ("", "/")]


@contextmanager
def static_tree(folder: Path, files: Files) -> Iterator[Server]:
    """A folder of files behind a plain web server."""
    require_mirrors()
    write_static_tree(folder / "web", files)

    def command(port: int) -> Command:
        place = ("--bind", "127.0.0.1", "--directory", str(folder / "web"), str(port))
        return Command(program="python", arguments=("-m", "http.server", *place))

    with serving(folder, command) as origin:
        yield Server(origin=origin, forms=("", "/simple"))


@contextmanager
def pypiserver(folder: Path, files: Files, *, locked: bool = False, fallback: str | None = None) -> Iterator[Server]:
    """``locked``: ``USER`` and ``PASSWORD`` are wanted. ``fallback``: a simple root that misses are sent to."""
    require_mirrors()
    write_flat(folder / "files", files)
    passwords = folder / "htpasswd"
    passwords.write_text(f"{USER}:{_htpasswd(PASSWORD)}\n", encoding="utf-8")
    access = ("-a", "list,download,update", "-P", str(passwords)) if locked else ("-a", ".", "-P", ".")
    misses = ("--disable-fallback",) if fallback is None else ("--fallback-url", fallback)

    def command(port: int) -> Command:
        place = ("-i", "127.0.0.1", "-p", str(port))
        return Command(program="pypi-server", arguments=("run", "-v", *place, *access, *misses, str(folder / "files")))

    with serving(folder, command) as origin:
        yield Server(origin=origin, forms=("", "/simple"))


@contextmanager
def proxpi(folder: Path, upstream: str) -> Iterator[Server]:
    """A caching proxy of ``upstream``, a simple root. Its own root is called ``/index``."""

    def command(port: int) -> Command:
        environment = {"PROXPI_INDEX_URL": f"{upstream}/", "PROXPI_CACHE_DIR": str(folder / "cache")}
        arguments = ("-m", "flask", "--app", "proxpi.server", "run", "--host", "127.0.0.1", "--port", str(port))
        return Command(program="python", arguments=arguments, environment=environment, ready="/health")

    with serving(folder, command) as origin:
        yield Server(origin=origin, forms=("/index",))


@contextmanager
def simpleindex(folder: Path, files: Files) -> Iterator[Server]:
    """Routes to a folder for each project. There is no listing of projects."""
    require_mirrors()
    write_by_project(folder / "files", files)

    def command(port: int) -> Command:
        lines = (
            '[routes."simple/{project}"]',
            'source = "path"',
            'to = "files/{project}"',
            "[server]",
            'host = "127.0.0.1"',
            f"port = {port}",
        )
        (folder / "simpleindex.toml").write_text("\n".join(lines), encoding="utf-8")
        return Command(program="simpleindex", arguments=("simpleindex.toml",))

    with serving(folder, command) as origin:
        yield Server(origin=origin, forms=("", "/simple"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Devpi:
    """One devpi with a mirror index and a stage with uploads of its own."""

    mirror: Server
    stage: Server


@contextmanager
def devpi(folder: Path, files: Files, upstream: str) -> Iterator[Devpi]:
    """``root/pypi`` mirrors ``upstream``, a simple root; ``USER/dev`` holds ``files``, uploaded by ``USER``."""
    require_mirrors()
    folder.mkdir(parents=True)
    data = ("--serverdir", str(folder / "data"))
    # It would come with a mirror of the public index, which would be asked at once.
    run_once("devpi-init", "--no-root-pypi", "--root-passwd", PLAIN_PASSWORD, *data, folder=folder)

    def command(port: int) -> Command:
        return Command(program="devpi-server", arguments=("--host", "127.0.0.1", "--port", str(port), *data))

    with serving(folder, command) as origin:
        _make_indexes(origin, upstream)
        for filename, content in files.items():
            _upload(f"{origin}/{USER}/dev/", filename, content)
        yield Devpi(
            mirror=Server(origin=origin, forms=("/root/pypi", "/root/pypi/+simple")),
            stage=Server(origin=origin, forms=(f"/{USER}/dev", f"/{USER}/dev/+simple")),
        )


def _make_indexes(origin: str, upstream: str) -> None:
    for path, settings, owner in (
        ("root/pypi", {"type": "mirror", "mirror_url": f"{upstream}/", "volatile": False}, "root"),
        (USER, {"password": PLAIN_PASSWORD}, "root"),
        (f"{USER}/dev", {"type": "stage", "bases": [], "volatile": True}, USER),
    ):
        headers = {"Content-Type": "application/json", "Authorization": _basic(owner, PLAIN_PASSWORD)}
        status = ask(f"{origin}/{path}", method="PUT", body=json.dumps(settings).encode(), headers=headers)
        assert status in {200, 201}, (path, status)


def _upload(index: str, filename: str, content: bytes) -> None:
    """Upload a file as packaging tools do: a form with the release's metadata and the content."""
    name, version = project_of(filename), version_of(filename)
    kind = "bdist_wheel" if filename.endswith(".whl") else "sdist"
    boundary = uuid4().hex
    fields = {":action": "file_upload", "name": name, "version": version, "filetype": kind, "pyversion": "source"}
    parts = [f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    parts.append(f'Content-Disposition: form-data; name="content"; filename="{filename}"\r\n\r\n'.encode() + content)
    # RFC 2046, 5.1.1: each part begins with the boundary on a line of its own, and two dashes end the last.
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts) + f"--{boundary}--\r\n".encode()
    kind_of_body = f"multipart/form-data; boundary={boundary}"
    headers = {"Content-Type": kind_of_body, "Authorization": _basic(USER, PLAIN_PASSWORD)}
    status = ask(index, method="POST", body=body, headers=headers)
    assert status == 200, (filename, status)


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _htpasswd(password: str) -> str:
    # The oldest of the hashes that such files may hold, and the only one that the standard library can make.
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()
