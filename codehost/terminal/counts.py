"""Numbers of things, in words that agree with them."""


def counted(number: int, thing: str) -> str:
    """So many things: ``1 page``, ``2 pages``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
