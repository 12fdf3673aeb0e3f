"""Mirrors of the makes that cannot run here, each as a site on the loopback interface with that make's habits.

What a make does is known from the document that its ``source`` names.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import Any, ClassVar
from urllib.parse import quote

from aiohttp import web

from tests.simulator.make import OTHER_HOST, SECRET, TOKEN, Files, Make, digest, place, project_of, version_of
from tests.simulator.sites import cut, data, page

_SECRET = {"env": "SECRET"}


class Nexus(Make):
    """No Content-Type, a version of its own in a tag, md5 or nothing; a group has an empty page for what it lacks."""

    source = "Sonatype help: PyPI Repositories; micropip pull request 174 shows a page; pipenv issue 5894 shows the md5"
    prefix = "/repository/pypi-all"
    settings: ClassVar[dict[str, Any]] = {"username": "codehost", "password": _SECRET}
    verified = ("md5",)

    def __init__(self, files: Files, gone: frozenset[str] = frozenset()) -> None:
        super().__init__(files)
        self.gone = gone

    def link(self, filename: str) -> str:
        hosted = not filename.endswith(".whl")
        return f"../../packages/{place(filename)}{'#md5=' + digest('md5', self.files[filename]) if hosted else ''}"

    def project(self, filenames: list[str]) -> web.Response:
        anchors = (f'<a href="{self.link(name)}" rel="internal" >{name}</a><br/>' for name in filenames)
        return page("<h1>Links for it</h1>", *anchors, head='<meta name="api-version" value="2"/>', kind=None)

    def missing(self, path: str) -> web.Response:
        return self.project([]) if path.startswith(f"{self.prefix}/simple/") else super().missing(path)

    def file(self, filename: str) -> web.Response:
        return web.Response(status=404) if filename in self.gone else data(self.files[filename])


class ProGet(Make):
    """HTML only; an API key is the password of the user ``api``."""

    source = "Inedo documentation: PyPI (Python)"
    prefix = "/pypi/approved"
    settings: ClassVar[dict[str, Any]] = {"username": "api", "password": _SECRET}

    def link(self, filename: str) -> str:
        return f"{self.prefix}/packages/{quote(filename)}#sha256={digest('sha256', self.files[filename])}"


class CustomPath(Make):
    """A simple root that is not called so."""

    source = "PEP 503: the layout below the base URL is fixed, the name of the base URL is not"
    prefix = "/feeds/python/index"
    root = ""
    forms = ("",)


class Repsy(Make):
    """Several upstreams by priority behind one address: the first that has the project is shown."""

    source = "Repsy documentation: PyPI Proxy"
    prefix = "/ada/python"
    settings: ClassVar[dict[str, Any]] = {"username": "ada", "password": _SECRET, "connectTimeoutMs": 5000}

    def __init__(self, files: Files, *lower: Files) -> None:
        self.upstreams = (files, *lower)
        super().__init__({name: body for upstream in reversed(self.upstreams) for name, body in upstream.items()})

    def projects(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for upstream in self.upstreams:
            names = {project_of(filename) for filename in upstream} - found.keys()
            for filename in upstream:
                if project_of(filename) in names:
                    found.setdefault(project_of(filename), []).append(filename)
        return found


class PyTorch(Make):
    """Object storage in front: 403 for all that it lacks and for addresses without the slash, no digests."""

    source = "PyTorch issues 81900 (403 while installing via pip) and 109102 (403 link served on torch index url)"
    prefix = "/whl/cu124"
    root = ""
    forms = ("",)
    settings: ClassVar[dict[str, Any]] = {"ignoreStatusCodes": [403]}
    verified = ()

    def __init__(self, files: Files, gone: frozenset[str] = frozenset()) -> None:
        super().__init__(files)
        self.gone = gone

    def link(self, filename: str) -> str:
        return f"../{quote(filename)}"

    def missing(self, path: str) -> web.Response:
        return web.Response(status=403, text=f"<Error><Key>{path}</Key></Error>", content_type="application/xml")

    def file(self, filename: str) -> web.Response:
        return self.missing(filename) if filename in self.gone else data(self.files[filename])


class Artifactory(Make):
    """A header of its own for its key, 406 to who does not take HTML, md5 only, lengths that are wrong at times."""

    source = "pip issue 8723 and poetry issue 9056 (lengths); hashin issue 120 (md5); dependi issue 22 (HTML only)"
    prefix = "/artifactory/api/pypi/pypi-virtual"
    settings: ClassVar[dict[str, Any]] = {"headers": {"X-JFrog-Art-Api": {"env": "TOKEN"}}}
    verified = ("md5",)

    def __init__(self, files: Files, short: dict[str, int] | None = None) -> None:
        super().__init__(files)
        self.short = short or {}

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("X-JFrog-Art-Api") == TOKEN

    def link(self, filename: str) -> str:
        return f"../../packages/packages/{place(filename)}#md5={digest('md5', self.files[filename])}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if "/simple/" in request.path and "text/html" not in request.headers.get("Accept", ""):
            return web.Response(status=406)
        answer = await super()._answer(request)
        if isinstance(answer, web.Response) and isinstance(answer.body, bytes) and self._is_short(request.path):
            return await cut(request, answer.body)
        return answer

    def _is_short(self, path: str) -> bool:
        name = path.rstrip("/").rpartition("/")[2]
        self.short[name] = self.short.get(name, 0) - 1
        return self.short[name] >= 0


class GitLab(Make):
    """No listing; absolute links; who asks for a project that is not there is sent to the public index."""

    source = "GitLab documentation: PyPI packages in the package registry; GitLab issue 327595 (no listing)"
    prefix = "/api/v4/projects/42/packages/pypi"
    settings: ClassVar[dict[str, Any]] = {"username": "__token__", "password": _SECRET}

    def __init__(self, files: Files, forwards_to: str | None = None) -> None:
        super().__init__(files)
        self.forwards_to = forwards_to

    def link(self, filename: str) -> str:
        sha256 = digest("sha256", self.files[filename])
        return f"{self.site.origin}{self.prefix}/files/{sha256}/{quote(filename)}#sha256={sha256}"

    def listing(self) -> web.Response:
        return web.json_response({"error": "404 Not Found"}, status=404)

    def missing(self, path: str) -> web.Response:
        project = path.removeprefix(f"{self.prefix}/simple/").strip("/")
        if self.forwards_to is None or "/" in project:
            return web.json_response({"message": "404 Package Not Found"}, status=404)
        return web.Response(status=302, headers={"Location": f"{self.forwards_to}/{project}/"})


class CodeArtifact(Make):
    """The user is ``aws``; links are relative; files come from another host, and their connections break at times."""

    source = "CodeArtifact user guide: Configure and use pip with CodeArtifact; uv issue 1388 shows the links"
    prefix = "/pypi/my-repo"
    settings: ClassVar[dict[str, Any]] = {"username": "aws", "password": _SECRET, "allowedHosts": [OTHER_HOST]}

    def link(self, filename: str) -> str:
        return f"{version_of(filename)}/{quote(filename)}#sha256={digest('sha256', self.files[filename])}"

    def file(self, filename: str) -> web.Response:
        return web.Response(status=302, headers={"Location": f"{self.storage.origin}{self.store.path(filename)}"})


class Azure(CodeArtifact):
    """Any user name will do. A gateway in front sends who is not known to a page to sign in."""

    source = "uv documentation: Azure Artifacts"
    prefix = "/contoso/_packaging/feed/pypi"
    settings: ClassVar[dict[str, Any]] = {"username": "any", "password": _SECRET, "allowedHosts": [OTHER_HOST]}

    def link(self, filename: str) -> str:
        place = f"../../download/{project_of(filename)}/{version_of(filename)}/{quote(filename)}"
        return f"{place}#sha256={digest('sha256', self.files[filename])}"

    def authorized(self, request: web.Request) -> bool:
        pair = b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        return request.path == "/_signin" or pair.partition(":")[2] == SECRET

    def refused(self) -> web.Response:
        return web.Response(status=302, headers={"Location": "/_signin"})

    def missing(self, path: str) -> web.Response:
        if path == "/_signin":
            return page('<form method="post"><input name="login"><input type="password" name="passwd"></form>')
        return super().missing(path)


class Pypicloud(Make):
    """Digests without their algorithm; files are signed addresses on another host."""

    source = (
        "pypicloud documentation: redirect urls; pypicloud issue 222; uv issue 2025 (signatures that no longer match)"
    )
    settings: ClassVar[dict[str, Any]] = {"username": "ada", "password": _SECRET, "allowedHosts": [OTHER_HOST]}

    def link(self, filename: str) -> str:
        bare = digest("sha256", self.files[filename])
        return f"{self.site.origin}/api/package/{project_of(filename)}/{quote(filename)}#{bare}"

    def file(self, filename: str) -> web.Response:
        return web.Response(status=302, headers={"Location": f"{self.storage.origin}{self.store.path(filename)}"})


class Tuna(Make):
    """A public copy below a path, with relative links."""

    source = "no vendor page: relative links as such mirrors are known to serve them"
    prefix = "/pypi/web"


class BaseElsewhere(Make):
    """A public copy whose pages say by their base that all links start on another host."""

    source = "no vendor page: HTML standard, 4.2.3, says what a base element does"
    prefix = "/pypi"
    settings: ClassVar[dict[str, Any]] = {"allowedHosts": [OTHER_HOST]}

    def project(self, filenames: list[str]) -> web.Response:
        anchors = (f'<a href="{self.link(name)}">{name}</a>' for name in filenames)
        return page(*anchors, head=f'<base target="_blank"><base href="{self.storage.origin}/bucket/">')

    def link(self, filename: str) -> str:
        address = self.store.path(filename).removeprefix("/bucket/").replace("&", "&amp;")
        return f"{address}#sha256={digest('sha256', self.files[filename])}"


class Gemfury(Make):
    """No ``/simple``; a token for the user name, no password; the token stands in every link."""

    source = "gemfury issues 25 (addresses) and 45 (credentials in links)"
    prefix = "/acme"
    root = ""
    forms = ("",)
    settings: ClassVar[dict[str, Any]] = {"username": {"env": "TOKEN"}}

    def link(self, filename: str) -> str:
        origin = self.site.origin.replace("://", f"://{TOKEN}:@")
        return f"{origin}{self.prefix}/-/ver_1/{quote(filename)}#sha256={digest('sha256', self.files[filename])}"

    def authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Basic {b64encode(f'{TOKEN}:'.encode()).decode()}"


class StaticTree(Make):
    """Folders of files as bandersnatch leaves them for a web server, which sends who forgets the slash to it."""

    source = "no vendor page: the layout below web/ that bandersnatch is known to write"

    def missing(self, path: str) -> web.Response:
        if path.removeprefix("/simple/") in self.projects():
            return web.Response(status=301, headers={"Location": f"{path}/"})
        return super().missing(path)

    def link(self, filename: str) -> str:
        blake2 = hashlib.blake2b(self.files[filename], digest_size=32).hexdigest()
        place = f"{blake2[:2]}/{blake2[2:4]}/{blake2[4:]}/{quote(filename)}"
        return f"../../packages/{place}#sha256={digest('sha256', self.files[filename])}"


MAKES: tuple[type[Make], ...] = (
    Nexus,
    ProGet,
    CustomPath,
    Repsy,
    PyTorch,
    Artifactory,
    GitLab,
    CodeArtifact,
    Azure,
    Pypicloud,
    Tuna,
    BaseElsewhere,
    Gemfury,
    StaticTree,
)
