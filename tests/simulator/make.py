"""What the makes of mirrors have in common: a site on the loopback interface, and what most of them answer.

What a make does is known from the document that its ``source`` names. An entry of ``urls`` for one is
``make.entry(form)``, where a form is what a person may write behind the server's name.
"""

import hashlib
from base64 import b64encode
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import quote

from aiohttp import web
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

from tests.simulator.sites import Site, Storage, data, page

Files = dict[str, bytes]

# Characters that an address has to encode, and that no shell, header or JSON may change.
SECRET = "s3cr/et:%41+\N{LATIN SMALL LETTER E WITH ACUTE}"
TOKEN = "t0ken-of-letters"
ENVIRONMENT = {"SECRET": SECRET, "TOKEN": TOKEN}
OTHER_HOST = "localhost"


class Make:
    """A server of one make. ``async with Make(files) as make``: ``site`` is it, ``storage`` the host of its files."""

    source: ClassVar[str]
    prefix: ClassVar[str] = ""
    root: ClassVar[str] = "/simple"
    forms: ClassVar[tuple[str, ...]] = ("", "/simple")
    settings: ClassVar[dict[str, Any]] = {}
    verified: ClassVar[tuple[str, ...]] = ("sha256",)

    def __init__(self, files: Files) -> None:
        self.files = files
        self.store = Storage(files)
        self.site = Site(answer=self._answer)
        self.storage = Site(answer=self.store.answer, host=OTHER_HOST)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self.site)
        await self._open.enter_async_context(self.storage)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    def entry(self, form: str, **more: Any) -> dict[str, Any]:
        """The object for ``urls``; ``more`` replaces settings, and None leaves one out."""
        keys = {"url": f"{self.site.origin}{self.prefix}{form}", **self.settings, **more}
        return {key: value for key, value in keys.items() if value is not None}

    def projects(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for filename in self.files:
            found.setdefault(project_of(filename), []).append(filename)
        return found

    # What makes differ in, with what most of them do.

    def link(self, filename: str) -> str:
        """What a page links to: relative, with a sha256."""
        return f"../../packages/{place(filename)}#sha256={digest('sha256', self.files[filename])}"

    def project(self, filenames: list[str]) -> web.Response:
        return page(*(f'<a href="{self.link(name)}" rel="internal">{name}</a><br/>' for name in filenames))

    def listing(self) -> web.Response:
        anchors = (f'<a href="{name}/">{name}</a><br/>' for name in self.projects())
        return page(*anchors, head="<title>Simple Index</title>")

    def missing(self, path: str) -> web.Response:
        return web.Response(status=404, text=f"{path} is not here")

    def refused(self) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="packages"'})

    def file(self, filename: str) -> web.Response:
        return data(self.files[filename])

    def authorized(self, request: web.Request) -> bool:
        if "username" not in self.settings:
            return True
        return request.headers.get("Authorization") == basic(self.settings)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        # Nothing asks but to read; many of these makes answer 404 to HEAD.
        if request.method != "GET":
            return web.Response(status=404)
        if not self.authorized(request):
            return self.refused()
        filename = request.path.rpartition("/")[2]
        return self.file(filename) if filename in self.files else self._page(request.path)

    def _page(self, path: str) -> web.Response:
        home = f"{self.prefix}{self.root}/"
        if path == home:
            return self.listing()
        name = path.removeprefix(home).removesuffix("/")
        if path == f"{home}{name}/" and name in self.projects():
            return self.project(self.projects()[name])
        return self.missing(path)


def basic(settings: dict[str, Any]) -> str:
    pair = f"{settings['username']}:{SECRET}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def digest(name: str, body: bytes) -> str:
    return hashlib.new(name, body, usedforsecurity=False).hexdigest()


def project_of(filename: str) -> str:
    return canonicalize_name(filename.partition("-")[0])


def version_of(filename: str) -> str:
    parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
    return str(parse(filename)[1])


def place(filename: str) -> str:
    return f"{project_of(filename)}/{version_of(filename)}/{quote(filename)}"
