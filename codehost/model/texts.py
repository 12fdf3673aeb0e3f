"""Texts from elsewhere as a person may see them."""


def printable(text: str, limit: int | None = None) -> str:
    """``text`` on one line: what a terminal could obey, or what would end a comment, is written as an escape.

    With ``limit``, what is longer than so many characters is cut first; escapes may take more room than they stand for.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
