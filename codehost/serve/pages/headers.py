"""What browsers are told beside the content: what may run (nothing but our own few lines), and what may be kept."""

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote_from_bytes

from aiohttp import ETag

# A week: what a page shows at a commit does not change, how it shows it does with every version of the program.
_FIXED = "private, max-age=604800, immutable"
_CHANGING = "private, no-cache"
_PLAIN_NAME = re.compile(rb"[A-Za-z0-9._+-]{1,128}\Z")

_ALL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# What is a release's may be neither run nor shown as anything but text, whatever it says it is.
RAW = {
    **_ALL,
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}
STATIC = {**_ALL, "Cache-Control": "public, max-age=31536000, immutable"}


def page_headers(script: str | None = None) -> dict[str, str]:
    """Of a page. ``script``: the one that stands in it and may run; its digest allows it and no other."""
    policy = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    if script is not None:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy.append(f"script-src 'sha256-{digest}'")
    return {
        **_ALL,
        "Content-Security-Policy": "; ".join(policy),
        "X-Frame-Options": "DENY",
        "Vary": "Accept-Encoding",
    }


def caching(etag: str, *, fixed: bool) -> dict[str, str]:
    """How long an answer may be kept. ``fixed``: it never becomes another one."""
    return {"ETag": etag, "Cache-Control": _FIXED if fixed else _CHANGING}


def weak_tag(*parts: object) -> str:
    """An entity tag that these decide. Weak, because pages are compressed on their way (RFC 9110, 8.8.1)."""
    text = "\0".join(map(repr, parts))
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def is_known(asked: tuple[ETag, ...] | None, etag: str) -> bool:
    """Whether a client has the answer already (RFC 9110, 13.1.2: the comparison is the weak one)."""
    value = etag.removeprefix("W/").strip('"')
    return any(tag.value in {value, "*"} for tag in asked or ())


def disposition(kind: str, name: bytes) -> Mapping[str, str]:
    """``Content-Disposition`` (RFC 6266) for a file of any name. A name that is not plain is only given escaped."""
    if _PLAIN_NAME.match(name):
        return {"Content-Disposition": f'{kind}; filename="{name.decode()}"'}
    readable = name.decode("utf-8", "replace").encode()
    return {"Content-Disposition": f"{kind}; filename*=UTF-8''{quote_from_bytes(readable, safe='')}"}
