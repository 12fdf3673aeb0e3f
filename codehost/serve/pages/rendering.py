"""Templates: filled in, with everything from elsewhere made visible and harmless, and answered with."""

import hashlib
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from codehost.model.listings import ListedRelease
from codehost.serve.pages import showing
from codehost.serve.pages.headers import caching, is_known, page_headers, weak_tag
from codehost.serve.pages.links import Links

_TEMPLATES = Path(__file__).parent / "templates"
_COMPRESSED_FROM = 1_024
_IN_A_THREAD_FROM = 32_768
# RFC 9110, 12.5.3: a weight of 0 is a refusal.
_GZIP = re.compile(r"(?:^|[\s,])gzip\s*(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))(?:[;,]|$)")


class Renderer:
    """Fills in templates.

    Attributes:
        build: changes whenever what pages look like changes.
        style: the style sheet.
        script: the lines of script that mark a range of lines.
    """

    def __init__(self, links: Links) -> None:
        self.links = links
        self.style = (_TEMPLATES / "style.css").read_bytes()
        self.script = (_TEMPLATES / "lines.js").read_text(encoding="utf-8")
        self.build = _digest()
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            finalize=_finalize,
        )
        self._environment.globals.update(links=links, style_url=f"{links.static('style.css')}?v={self.build}")
        self._environment.filters.update(visible=showing.visible, size=showing.size, moment=showing.moment)
        self._environment.tests["web"] = showing.is_web

    def fill(self, template: str, **values: Any) -> bytes:
        """The page as HTML in UTF-8. What is large is better filled in outside of the event loop."""
        return self._environment.get_template(template).render(values).encode()

    def answer(
        self,
        request: web.Request,
        html: bytes,
        *,
        status: int = 200,
        etag: str | None = None,
        fixed: bool = False,
        scripted: bool = False,
    ) -> web.Response:
        """The page as an answer; only that it has not changed, to whoever has it. ``scripted``: our script may run."""
        tag = etag or weak_tag(self.build, html)
        headers = page_headers(self.script if scripted else None) | caching(tag, fixed=fixed)
        if status == web.HTTPOk.status_code and is_known(request.if_none_match, tag):
            return web.Response(status=304, headers=headers)
        response = web.Response(
            status=status,
            body=html,
            content_type="text/html",
            charset="utf-8",
            headers=headers,
            zlib_executor_size=_IN_A_THREAD_FROM,
        )
        if len(html) >= _COMPRESSED_FROM and _GZIP.search(request.headers.get("Accept-Encoding", "").lower()):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    def problem(
        self,
        status: int,
        heading: str,
        sentence: str,
        ways: Sequence[tuple[str, str]] = (),
        releases: Sequence[ListedRelease] = (),
    ) -> web.Response:
        """A page of what went wrong, as an answer that nobody keeps. ``ways``: texts and links that lead on."""
        html = self.fill("problem.html", heading=heading, sentence=sentence, ways=ways, releases=releases)
        headers = {**page_headers(), "Cache-Control": "no-store"}
        return web.Response(status=status, body=html, content_type="text/html", charset="utf-8", headers=headers)


def _finalize(value: object) -> object:
    # Markup is ours. All else is shown as plain text, and escaped after this.
    return showing.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest() -> str:
    digest = hashlib.sha256(version("codehost").encode())
    for path in sorted(_TEMPLATES.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
