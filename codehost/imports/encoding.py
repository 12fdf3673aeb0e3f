"""Bytes to text as pip does it: a byte order mark, else a coding comment, else UTF-8."""

import codecs
import re

from codehost.imports.problems import ImportFileError

# UTF-32's mark begins with UTF-16's: the longer ones come first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# PEP 263: a comment in one of the first two lines.
_CODING = re.compile(rb"\A(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")


def decode(path: str, data: bytes) -> str:
    """The text of a file.

    Raises:
        ImportFileError: the bytes are not in the encoding that they announce, or not in UTF-8.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(path, data[len(mark) :], encoding)
    comment = _CODING.match(data)
    return _decoded(path, data, comment[1].decode("ascii", "replace") if comment else "utf-8")


def _decoded(path: str, data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except (LookupError, ValueError):  # no such encoding of text; bytes that are not in it
        problem = "is not text in the encoding that it names" if encoding != "utf-8" else "is not text in UTF-8"
        raise ImportFileError(path, problem, "save it as UTF-8") from None
    if "\0" in text:
        raise ImportFileError(path, "is not text: it has zero bytes", "check the path, or save it as UTF-8")
    return text
