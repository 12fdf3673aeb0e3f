"""Project pages in JSON: PEP 691, 700 (size, upload time, versions), 792 (status). Pure."""

import json
from typing import Any
from urllib.parse import unquote

import orjson

from codehost.model.errors import Failure, Reason
from codehost.model.promises import promised
from codehost.resolve.filenames import canonical_version, parse_filename
from codehost.resolve.project_page import Details, Entry, PageBuilder, ProjectPage, check_api_version

_LONGEST_NUMBER = 18
# Each opening bracket and each comma may stand for one value more; one of three bytes takes a hundred in memory.
MAX_VALUES = 2_500_000


def parse_json_page(body: bytes, url: str, project: str) -> ProjectPage:
    """Read a project page; one bad entry is left out and counted.

    Args:
        body: the page.
        url: its final address, to which relative links are joined.
        project: the normalised project that was asked for.

    Raises:
        Failure: BAD_PAGE when this is no JSON project page, or it speaks an unknown version of the API.
    """
    document = _document(body)
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        raise Failure(Reason.BAD_PAGE, "the answer is JSON without a list of files")
    check_api_version(str(_field(document, "meta", "api-version") or "1.0"))
    builder = PageBuilder(url=url, format="JSON", base=url, details=_details)
    for item in document["files"]:
        entry = _entry(item, project)
        if entry is None:
            builder.leave_out()
        else:
            builder.add(entry)
    return builder.page(
        versions=_versions(document.get("versions")),
        # PEP 792: the project's status.
        status=_text(_field(document, "project-status", "status")),
        status_reason=_text(_field(document, "project-status", "reason")),
    )


def _document(body: bytes) -> Any:
    if len(body) > MAX_VALUES and len(body) - len(body.translate(None, b",[{")) > MAX_VALUES:
        raise Failure(Reason.BAD_PAGE, f"the page has more than {MAX_VALUES:,} values")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        # Numbers without an end, NaN, half a surrogate pair or a byte that is no UTF-8 spoil one value, not the page.
        return json.loads(body.decode("utf-8", "replace"), parse_int=_number)
    except (ValueError, RecursionError):
        raise Failure(Reason.BAD_PAGE, "the answer is called JSON and is not") from None


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _field(document: dict[str, Any], name: str, key: str) -> Any:
    inner = document.get(name)
    return inner.get(key) if isinstance(inner, dict) else None


def _versions(listed: Any) -> frozenset[str]:
    texts = [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
    return frozenset(version for version in map(canonical_version, texts) if version is not None)


def _entry(item: Any, project: str) -> Entry | None:
    if not isinstance(item, dict):
        return None
    filename, address = item.get("filename"), item.get("url")
    if not isinstance(filename, str) or not isinstance(address, str) or not address:
        return None
    # No distribution file has a percent sign in its name, but some servers encode the plus of a local version here.
    filename = unquote(filename) if "%" in filename else filename
    return Entry(filename, parse_filename(filename, project), _clean(address), item)


def _details(entry: Entry) -> Details:
    item = entry.raw
    return Details(
        hashes=_hashes(item.get("hashes")),
        size=_size(item.get("size")),
        upload_time=_text(item.get("upload-time")),
        yanked=_yanked(item.get("yanked")),
        requires_python=_text(item.get("requires-python")),
    )


def _hashes(value: Any) -> dict[str, str]:
    return promised(value.items()) if isinstance(value, dict) else {}


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: Any) -> str | None:
    return _clean(value) or None if isinstance(value, str) else None


def _clean(text: str) -> str:
    """The text without halves of surrogate pairs, which no database and no address takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _yanked(value: Any) -> str | None:
    # PEP 691: false, true, or the reason; an empty reason is no yank there.
    return "" if value is True else _text(value)
