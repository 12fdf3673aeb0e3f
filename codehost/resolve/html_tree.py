"""HTML made flat, then parsed: what a page costs grows with its length and with nothing else. Pure.

A project page says all that it says in anchors and in a few elements of its head; whatever else it holds is layout.
Parsers by the book are quadratic in the depth of that layout and in the attributes of one tag, so a page of 100 KB can
cost seconds and one of some MB hours, in a thread that nothing can stop. So layout is taken away before parsing:

1. Comments and elements whose content is no HTML go; titles and (empty) scripts stay.
2. Every other tag that says nothing here becomes a ``wbr``, which has no content; its attributes stay where they are.
3. What then begins with ``<`` is a tag, or stands in a quoted value, and one expression knows which. So attributes can
   be counted, and their names, which parsers look up in tables of one size.

No page is refused for its depth: a release is read from under any number of layers.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from codehost.model.errors import Failure, Reason

# A page of 32 MiB with 270,000 links has 800,000 tags. One tag takes half a kilobyte of memory, one attribute a third.
MAX_TAGS = 1_000_000
MAX_ATTRIBUTES = 2_000_000
MAX_ATTRIBUTES_EACH = 100
MAX_NAMES = 1_000

_SPACE = rb"[\t\n\f\r ]"
_NAME_ENDS = rb"(?=[\t\n\f\r />]|\Z)"

# HTML, 13.2.5.43 to 52 (comments) and 13.2.5.2 to 4 (raw text). What is never closed lasts to the end of the page.
# The looks ahead that come first say no to most tags of a page at once.
_UNREAD = re.compile(
    rb"<(?=[!sStTxXiInN])(?:!---?>|!--.*?(?:--!?>|\Z)|(?P<name>script|style|title|textarea|xmp|iframe|noembed|noframes)"
    + _NAME_ENDS
    + rb"[^>]*(?:>|\Z)(?P<inner>.*?)(?:</(?P=name)"
    + _NAME_ENDS
    + rb"[^>]*(?:>|\Z)|\Z))",
    re.IGNORECASE | re.DOTALL,
)
_LAYOUT = re.compile(
    rb"<(?!a |/a>|br>)(?=/?[a-zA-Z])(?!/?(?i:a|base|br|form|input|meta|script|title)" + _NAME_ENDS + rb")"
)
_NO_TAG = re.compile(rb"<(?!/?[a-zA-Z])")
# A form feed stands in no page that is read as it is: what begins so is this and nothing else.
_PLACE = b"<wbr\f"

# HTML, 13.2.5.32 to 40: a value is quoted only where a quote follows the equals sign.
_ATTRIBUTE = (
    rb"([^\t\n\f\r />][^\t\n\f\r />=]*+)(?:" + _SPACE + rb"*+=" + _SPACE + rb"*+"
    rb"(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?+)?+"
)
_TAG_BEGINS = rb"</?[A-Za-z][^\t\n\f\r />]*+[\t\n\f\r /]*+"
_ORDERLY = re.compile(
    rb"(?:[^<]++|" + _TAG_BEGINS + rb"(?:" + _ATTRIBUTE + rb"[\t\n\f\r /]*+){0,%d}+(?:>|\Z))*+" % MAX_ATTRIBUTES_EACH
)
# One attribute with what follows it, or all that lies before the next one.
_NEXT_ATTRIBUTE = re.compile(_ATTRIBUTE + rb"[\t\n\f\r /]*+(?:>[^<]*+(?:" + _TAG_BEGINS + rb"(?:>[^<]*+)?+)*+)?+")
_BEFORE = re.compile(rb"[^<]*+(?:" + _TAG_BEGINS + rb"(?:>[^<]*+)?+)*+")
# Nearly every page is anchors and breaks with a few other tags around them, and needs none of this. Within SVG and
# MathML anchors nest, so a page with these is not one of them.
_QUOTED = (
    rb"(?: (?:href|data-requires-python|rel|class|id|title|name|content|charset|lang|data-yanked|data-gpg-sig"
    rb"|data-core-metadata|data-dist-info-metadata|data-upload-time|data-size)=\"[^\"]*+\"){0,16}+ ?/?>"
)
_FLAT_RUN = rb"(?:[^<]++|<a" + _QUOTED + rb"|</a>|<br ?/?>)*+"
_OTHER_TAG = (
    rb"<(?:title>[^<]*+</title>|![Dd][Oo][Cc][Tt][Yy][Pp][Ee][^<>]*+>"
    rb"|(?!script|style|title|textarea|xmp|iframe|noembed|noframes|plaintext|svg|math)/?[a-z][a-z0-9]{0,9}+"
    + _QUOTED
    + rb")"
)
_PLAIN = re.compile(_FLAT_RUN + rb"(?:" + _OTHER_TAG + _FLAT_RUN + rb"){0,64}+\Z")


def html_tree(body: bytes) -> LexborHTMLParser:
    """Parse a page in UTF-8. Of its elements anchors, base, meta, form, input, script and title are there.

    Raises:
        Failure: BAD_PAGE when it has more tags, attributes or names of these than any page needs.
    """
    _check("tags", body.count(b"<"), MAX_TAGS)
    if b"\f" in body or not _PLAIN.match(body):
        body = _flat(body)
        _check_attributes(body)
    elif len(body) > MAX_ATTRIBUTES * len(b' x=""'):
        _check("attributes", body.count(b'="'), MAX_ATTRIBUTES)
    return LexborHTMLParser(body)


def attribute(node: LexborNode, name: str) -> str | None:
    """An attribute as the page has it; None when it is not there or has no value."""
    value = node.attrs.get(name)
    # What looked like a tag in a value was taken for one.
    return value.replace(_PLACE.decode(), "<") if value is not None and "<" in value else value


def _check_attributes(flat: bytes) -> None:
    orderly = _ORDERLY.match(flat)
    if orderly is None or orderly.end() != len(flat):
        raise Failure(Reason.BAD_PAGE, f"a tag of the page has more than {MAX_ATTRIBUTES_EACH} attributes")
    before = _BEFORE.match(flat)
    names = set[bytes]()
    for count, found in enumerate(_NEXT_ATTRIBUTE.finditer(flat, before.end() if before else 0), 1):
        names.add(found[1])
        _check("names of tags and attributes", len(names), MAX_NAMES)
        _check("attributes", count, MAX_ATTRIBUTES)


def _check(what: str, count: int, most: int) -> None:
    if count > most:
        raise Failure(Reason.BAD_PAGE, f"the page has more than {most:,} {what}")


def _flat(body: bytes) -> bytes:
    return _NO_TAG.sub(b"&lt;", _LAYOUT.sub(_PLACE, _UNREAD.sub(_read, body)))


def _read(unread: re.Match[bytes]) -> bytes:
    name = (unread["name"] or b"").lower()
    if name == b"title":
        return b"<title>" + unread["inner"].replace(b"<", b"&lt;") + b"</title>"
    return b"<script></script>" if name == b"script" else b"<wbr>"
