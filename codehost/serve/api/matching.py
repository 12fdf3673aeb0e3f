"""The preconditions of requests: which state of a thing whoever asks has seen. Pure."""

import re

# RFC 9110, section 8.8.3.
_TAG = re.compile(r'\s*(?P<weak>W/)?"(?P<tag>[!\x23-\x7e\x80-\uffff]*)"\s*(?:,|$)')
ANY = "*"


class BadTagsError(Exception):
    """The value of ``If-Match`` or ``If-None-Match`` is none."""

    def __str__(self) -> str:
        return 'Write * or what the header ETag said, with its quotes: "0123…".'


def entity_tag(digest: str) -> str:
    """The digest as the header ``ETag`` has it."""
    return f'"{digest}"'


def is_meant(values: list[str], digest: str) -> bool:
    """Whether ``If-Match`` names the state with that digest.

    Raises:
        BadTagsError: the value is none.
    """
    # RFC 9110, section 13.1.1: weak tags match nothing.
    return _names(values, digest, weak=False)


def is_known(values: list[str], digest: str) -> bool:
    """Whether ``If-None-Match`` names the state with that digest: whoever asks has it already.

    Raises:
        BadTagsError: the value is none.
    """
    # RFC 9110, section 13.1.2: weak tags do here.
    return bool(values) and _names(values, digest, weak=True)


def _names(values: list[str], digest: str, *, weak: bool) -> bool:
    text = ", ".join(values).strip()
    if text == ANY:
        return True
    found, at = False, 0
    while at < len(text):
        tag = _TAG.match(text, at)
        if tag is None:
            raise BadTagsError
        found = found or (tag["tag"] == digest and (weak or tag["weak"] is None))
        at = tag.end()
    if not text:
        raise BadTagsError
    return found
