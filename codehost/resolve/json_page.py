"""Project pages in JSON: PEP 691, 700 (size, upload time, versions), 792 (status). Pure."""

from typing import Any
from urllib.parse import urljoin

import orjson
from packaging.utils import canonicalize_version
from packaging.version import Version

from codehost.model.errors import Failure, Reason
from codehost.resolve.project_page import Link, ProjectPage, build_page, check_api_version

_NOT_IN_NAMES = frozenset("/\\\0")


def parse_json_page(body: bytes, url: str, project: str) -> ProjectPage:
    """Read a project page; one bad entry is left out and counted.

    Args:
        body: the page.
        url: its final address, to which relative links are joined.
        project: the normalised project that was asked for.

    Raises:
        Failure: BAD_PAGE when this is no JSON project page, or it speaks an unknown version of the API.
    """
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Failure(Reason.BAD_PAGE, "the answer is called JSON and is not") from None
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise Failure(Reason.BAD_PAGE, "the answer is JSON without a list of files")
    check_api_version(str(_field(document, "meta", "api-version") or "1.0"))
    links = [_link(entry, url) for entry in document["files"]]
    return build_page(
        url,
        project,
        [link for link in links if link is not None],
        versions=_versions(document.get("versions")),
        left_out=links.count(None),
        # PEP 792: the project's status.
        quarantined=_field(document, "project-status", "status") == "quarantined",
    )


def _field(document: dict[str, Any], name: str, key: str) -> Any:
    inner = document.get(name)
    return inner.get(key) if isinstance(inner, dict) else None


def _versions(listed: Any) -> frozenset[str]:
    canonical = set()
    for text in listed if isinstance(listed, list) else []:
        try:
            canonical.add(canonicalize_version(Version(text), strip_trailing_zero=True))
        except (ValueError, TypeError):  # InvalidVersion, or more digits than Python reads
            continue
    return frozenset(canonical)


def _link(entry: Any, base: str) -> Link | None:
    if not isinstance(entry, dict):
        return None
    filename, address = entry.get("filename"), entry.get("url")
    if not isinstance(filename, str) or not isinstance(address, str) or _NOT_IN_NAMES & set(filename):
        return None
    try:
        joined = urljoin(base, address).partition("#")[0]
    except ValueError:
        return None
    return Link(
        filename=filename,
        url=joined,
        hashes=_hashes(entry.get("hashes")),
        size=_size(entry.get("size")),
        upload_time=_text(entry.get("upload-time")),
        yanked=_yanked(entry.get("yanked")),
        requires_python=_text(entry.get("requires-python")),
    )


def _hashes(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {name.lower(): digest.lower() for name, digest in value.items() if isinstance(digest, str)}


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _yanked(value: Any) -> str | None:
    # PEP 691: false, true, or the reason; an empty reason is no yank there.
    if isinstance(value, str):
        return value or None
    return "" if value is True else None
