"""The starter configuration as text: JSON with comments and trailing commas."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap

from codehost.model.codehosts import DEFAULT_REQUESTS_PER_HOUR
from codehost.model.texts import printable
from codehost.starter.members import Entry, Json, Member

_WIDTH = 110
_STEP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the document says. ``sources`` are files and environment variables, ``left_out`` sentences.

    ``empty`` says why there are no entries, where that is not the usual thing.
    """

    sources: tuple[str, ...]
    entries: tuple[Entry, ...]
    strategy: Member | None
    strategy_comment: str | None
    proxy: Member | None
    left_out: tuple[str, ...]
    empty: str | None = None


def text_of(contents: Contents) -> str:
    """The document."""
    lines = [*_header(contents), "{", *_urls(contents.entries, contents.empty), *_strategy(contents)]
    if contents.proxy:
        lines += ["", *_member(contents.proxy, _STEP)]
    lines += [*_dependencies(), *_rate_limit(), "}"]
    return "\n".join(lines) + "\n"


def _header(contents: Contents) -> Iterable[str]:
    yield from _comment("Written by `codehost init` from what pip and uv use on this machine.", "")
    if contents.sources:
        yield from _comment("What was read:", "")
        for source in contents.sources:
            yield from _comment(f"  {source}", "")
    else:
        yield from _comment("They are told nothing here, so the public PyPI is the only mirror.", "")
    for sentence in contents.left_out:
        yield from _comment(sentence, "")


def _urls(entries: Iterable[Entry], empty: str | None) -> Iterable[str]:
    yield from _comment(
        "Mirrors, asked in this order: when one does not have a project or version, the next one is asked. "
        "Any other trouble stops there, so that nothing public stands in for something private.",
        _STEP,
    )
    yield f'{_STEP}"urls": ['
    if empty:
        yield from _comment(empty, _STEP * 2)
    for entry in entries:
        yield from _entry(entry, _STEP * 2)
    yield f"{_STEP}],"


def _entry(entry: Entry, indent: str) -> Iterable[str]:
    for paragraph in entry.comments:
        yield from _comment(paragraph, indent)
    if len(entry.members) == 1:
        yield f"{indent}{_json(entry.members[0].value)},"
        return
    yield f"{indent}{{"
    for member in entry.members:
        yield from _member(member, indent + _STEP)
    yield f"{indent}}},"


def _member(member: Member, indent: str) -> Iterable[str]:
    for paragraph in member.comments:
        yield from _comment(paragraph, indent)
    opening = f"{indent}{_json(member.key)}: "
    flat = f"{opening}{_json(member.value)},"
    if len(flat) <= _WIDTH or not isinstance(member.value, dict):
        yield flat
        return
    yield f"{opening}{{"
    for key, value in member.value.items():
        yield f"{indent}{_STEP}{_json(key)}: {_json(value)},"
    yield f"{indent}}},"


def _strategy(contents: Contents) -> Iterable[str]:
    if contents.strategy:
        yield ""
        yield from _member(contents.strategy, _STEP)
    elif contents.strategy_comment:
        yield ""
        yield from _comment(contents.strategy_comment, _STEP)


def _dependencies() -> Iterable[str]:
    yield ""
    yield from _comment(
        "Pins: one release each, written name==version. `codehost import` adds those of a requirements file or lock "
        "file.",
        _STEP,
    )
    yield f'{_STEP}"dependencies": ['
    yield f'{_STEP * 2}// "six==1.16.0",'
    yield f"{_STEP}],"


def _rate_limit() -> Iterable[str]:
    yield ""
    yield from _comment(
        "At most so many requests in any hour: pages, redirects, retries and downloads. This is what holds as long as "
        "the line is a comment.",
        _STEP,
    )
    yield f'{_STEP}// "rateLimit": {{ "enabled": true, "requestsPerHour": {DEFAULT_REQUESTS_PER_HOUR} }},'


def _comment(paragraph: str, indent: str) -> Iterable[str]:
    text = printable(paragraph)
    margin = text[: len(text) - len(text.lstrip())]
    lines = wrap(text.strip(), _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    return [f"{indent}// {margin}{line}" for line in lines]


def _json(value: Json) -> str:
    match value:
        case dict():
            return f"{{ {', '.join(f'{_json(key)}: {_json(item)}' for key, item in value.items())} }}"
        case str():
            # A name that is not UTF-8 comes from the system with characters that no file can hold unescaped.
            return json.dumps(value, ensure_ascii=not value.isprintable())
        case _:
            return json.dumps(value)
