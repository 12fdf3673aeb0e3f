"""A mirror on the loopback interface: a real server with the simple API, and faults to order."""

import asyncio
import gzip
import hashlib
import html
import json
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
KIND = web.ResponseKey("kind", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as it arrived. ``headers`` have lower-case names; ``certificate``: whose the client's was, if any."""

    method: str
    path: str
    headers: dict[str, str]
    certificate: str | None = None


@dataclass(slots=True, kw_only=True)
class Fault:
    """What to do instead of answering well. ``times`` bounds how often; None is for ever.

    ``status`` answers so with an empty body; ``delay`` waits first; ``send_only`` announces all and closes after so
    many bytes; ``announce`` lies about the length; ``drop`` closes without an answer; ``redirect`` sends elsewhere
    (with ``status``, or 302); ``retry_after`` adds the header; ``body`` replaces the bytes; ``content_type`` replaces
    the type, and "" leaves it out.
    """

    status: int | None = None
    delay: float = 0.0
    send_only: int | None = None
    announce: int | None = None
    drop: bool = False
    redirect: str | None = None
    retry_after: str | None = None
    body: bytes | None = None
    content_type: str | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file that the mirror lists and serves."""

    filename: str
    data: bytes
    hashes: dict[str, str]
    yanked: str | None = None
    requires_python: str | None = None
    size: int | None = None
    url: str | None = None


@dataclass(slots=True)
class Mirror:
    """``async with Mirror() as mirror``: ``url`` is its simple root, ``requests`` what it was asked.

    With ``username``, every path wants basic authentication. ``html`` answers HTML whatever is asked for,
    ``gzip_pages`` compresses pages when asked, ``chunked`` sends files without their length. With ``ssl_context`` it
    speaks https. ``address`` is what it listens on, ``name`` what its URL says for that (None: the address).
    """

    html: bool = False
    username: str | None = None
    password: str | None = None
    gzip_pages: bool = False
    chunked: bool = False
    requests: list[Seen] = field(default_factory=list)
    projects: dict[str, list[Listed]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    most_at_once: int = 0
    ssl_context: ssl.SSLContext | None = None
    address: str = "127.0.0.1"
    name: str | None = None
    _at_once: int = 0
    _base: str = ""
    _runner: web.AppRunner | None = None

    @property
    def base(self) -> str:
        return self._base

    @property
    def url(self) -> str:
        return f"{self._base}/simple"

    @property
    def authenticated_url(self) -> str:
        """The root with its user information, as a configuration would write it."""
        return self.url.replace("://", f"://{self.username}:{self.password}@", 1)

    def page_path(self, project: str) -> str:
        return f"/simple/{canonicalize_name(project)}/"

    def file_path(self, filename: str) -> str:
        return f"/files/{filename}"

    def file_url(self, filename: str) -> str:
        return f"{self._base}{self.file_path(filename)}"

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [seen.path for seen in self.requests]

    def add(
        self,
        filename: str,
        data: bytes,
        *,
        project: str | None = None,
        hashes: dict[str, str] | None = None,
        yanked: str | None = None,
        requires_python: str | None = None,
        size: int | None = None,
        url: str | None = None,
    ) -> None:
        """List and serve a file. ``hashes``: the right sha256 unless given. ``url``: the link, if not to here."""
        listed = Listed(
            filename=filename,
            data=data,
            hashes={"sha256": hashlib.sha256(data).hexdigest()} if hashes is None else hashes,
            yanked=yanked,
            requires_python=requires_python,
            size=size,
            url=url,
        )
        self.projects.setdefault(canonicalize_name(project or _project_of(filename)), []).append(listed)

    def add_project(self, project: str) -> None:
        """Serve a page without files."""
        self.projects.setdefault(canonicalize_name(project), [])

    def fault(self, path: str, fault: Fault) -> None:
        """Answer a path (``page_path``, ``file_path``) so from now on."""
        self.faults[path] = fault

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        app.on_response_prepare.append(_fix_headers)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, 0, ssl_context=self.ssl_context).start()
        scheme = "http" if self.ssl_context is None else "https"
        self._base = f"{scheme}://{self.name or self.address}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(
            method=request.method,
            path=request.rel_url.raw_path_qs,
            headers=headers,
            certificate=_client_of(request),
        )
        self.requests.append(seen)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self._answer(request, self._take_fault(request.path))
        finally:
            self._at_once -= 1

    def _take_fault(self, path: str) -> Fault:
        fault = self.faults.get(path)
        if fault is None:
            return Fault()
        if fault.times is not None:
            if fault.times == 0:
                return Fault()
            fault.times -= 1
        return fault

    async def _answer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        await asyncio.sleep(fault.delay)
        if fault.drop:
            _close(request)
            return web.Response()
        if not self._allowed(request):
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        extra = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        if fault.redirect is not None:
            return web.Response(status=fault.status or 302, headers={"Location": fault.redirect, **extra})
        if fault.status is not None and fault.body is None:
            return web.Response(status=fault.status, headers=extra)
        content = self._content(request)
        if fault.body is not None:
            content = (fault.body, "text/html" if content is None else content[1])
        if content is None:
            return web.Response(status=404)
        body, kind = content
        kind = kind if fault.content_type is None else fault.content_type
        return await self._send(request, body, kind, fault, extra)

    async def _send(
        self, request: web.Request, body: bytes, kind: str, fault: Fault, extra: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=fault.status or 200, headers=extra)
        response[KIND] = kind
        if self.gzip_pages and request.path.startswith("/simple/") and "gzip" in request.headers["Accept-Encoding"]:
            body = gzip.compress(body)
            response.headers["Content-Encoding"] = "gzip"
        if self.chunked and request.path.startswith("/files/"):
            response.enable_chunked_encoding()
        else:
            response.content_length = len(body) if fault.announce is None else fault.announce
        await response.prepare(request)
        await response.write(body if fault.send_only is None else body[: fault.send_only])
        if fault.send_only is not None or fault.announce is not None:
            _close(request)
        return response

    def _allowed(self, request: web.Request) -> bool:
        if self.username is None:
            return True
        pair = b64encode(f"{self.username}:{self.password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"

    def _content(self, request: web.Request) -> tuple[bytes, str] | None:
        for project, files in self.projects.items():
            if request.path == self.page_path(project):
                as_json = not self.html and "json" in request.headers.get("Accept", "")
                return self._json_page(project, files) if as_json else self._html_page(files)
            for listed in files:
                if request.path == self.file_path(listed.filename):
                    return listed.data, "application/octet-stream"
        return None

    def _json_page(self, project: str, files: list[Listed]) -> tuple[bytes, str]:
        entries = [
            {
                "filename": listed.filename,
                "url": listed.url or self.file_url(listed.filename),
                "hashes": listed.hashes,
                "yanked": False if listed.yanked is None else (listed.yanked or True),
                **({"size": listed.size} if listed.size is not None else {}),
                **({"requires-python": listed.requires_python} if listed.requires_python else {}),
            }
            for listed in files
        ]
        page = {"meta": {"api-version": "1.1"}, "name": project, "files": entries}
        return json.dumps(page).encode(), JSON_TYPE

    def _html_page(self, files: list[Listed]) -> tuple[bytes, str]:
        lines = ["<!DOCTYPE html>", "<html><body>"]
        for listed in files:
            fragment = "&".join(f"{name}={digest}" for name, digest in listed.hashes.items())
            # Relative, as most mirrors have it.
            href = listed.url or f"../../files/{listed.filename}"
            yanked = "" if listed.yanked is None else f' data-yanked="{html.escape(listed.yanked)}"'
            lines.append(f'<a href="{href}{"#" if fragment else ""}{fragment}"{yanked}>{listed.filename}</a>')
        return "\n".join((*lines, "</body></html>")).encode(), "text/html; charset=utf-8"


async def _fix_headers(request: web.Request, response: web.StreamResponse) -> None:
    kind = response.get(KIND)
    if kind:
        response.headers["Content-Type"] = kind
    elif kind == "":
        response.headers.pop("Content-Type", None)


def _client_of(request: web.Request) -> str | None:
    certificate = request.get_extra_info("peercert") or {}
    names = [str(value) for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    return names[0] if names else None


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _project_of(filename: str) -> str:
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[0]
    if filename.endswith((".tar.gz", ".zip")):
        return parse_sdist_filename(filename)[0]
    return filename.split("-", maxsplit=1)[0]
