"""Bytes to text: UTF-8, with or without a byte order mark."""

import codecs

from codehost.config.violations import Violation

# UTF-32's mark begins with UTF-16's: the longer ones come first.
_FOREIGN_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_HINT = "save the file as UTF-8"


def decode(data: bytes) -> tuple[str, Violation | None]:
    """The text, without its byte order mark; or the best that can be shown of it, with what is wrong."""
    body = data.removeprefix(codecs.BOM_UTF8)
    foreign = _foreign_encoding(data)
    if foreign:
        return data.decode(foreign, errors="replace"), _violation(1, 1, "", f"is in {foreign}, not UTF-8")
    try:
        return body.decode("utf-8"), None
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        wrong = "".join(f"\\x{byte:02x}" for byte in body[error.start : error.end])
        found = _violation(len(lines), len(lines[-1]) + 1, wrong, "is not UTF-8")
        return body.decode("utf-8", errors="replace"), found


def _foreign_encoding(data: bytes) -> str | None:
    marked = next((name for mark, name in _FOREIGN_MARKS if data.startswith(mark)), None)
    # RFC 4627, section 3: JSON begins with two ASCII characters, so zeros among the first bytes tell the encoding.
    zeros = "".join("0" if byte == 0 else "x" for byte in data[:4])
    unmarked = {"x000": "UTF-32-LE", "000x": "UTF-32-BE", "x0x0": "UTF-16-LE", "0x0x": "UTF-16-BE"}
    return marked or unmarked.get(zeros)


def _violation(line: int, column: int, text: str, problem: str) -> Violation:
    return Violation(pointer="", line=line, column=column, text=text, problem=problem, hint=_HINT)
