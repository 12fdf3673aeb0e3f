"""pip's configuration files and environment variables, as ``pip install`` reads them."""

import configparser
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite

from codehost.model.texts import printable
from codehost.starter.machine import UnreadableError
from codehost.starter.settings import TRUE, Findings, Index, Setting, ToolSettings, public_index, variable

# The schema of the configuration: connectTimeoutMs is at most this.
_MAX_MILLISECONDS = 2_147_483_647
_FALSE = frozenset({"0", "f", "false", "n", "no", "off"})
# pip's documentation: a command's own section overrides [global], in whichever files they stand. Of the commands that
# ask an index, `pip install` is the one that people configure; the others help where it has nothing to say.
_SECTIONS = ("global", "wheel", "download", "install")
_OPTIONS = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "cert",
    "client-cert",
    "proxy",
    "timeout",
    "no-index",
    "find-links",
)
# Other names of the same command-line options; pip takes settings by any of them.
_ALIASES = {"default-timeout": "timeout", "pypi-url": "index-url"}
# requests, which pip is built on, takes an authority from these when nothing tells it otherwise.
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipEntry:
    """One setting of one file."""

    section: str
    option: str
    value: str = field(repr=False)
    path: str


def parse_pip(text: str, path: str) -> tuple[PipEntry, ...]:
    """The settings of a file in INI format that matter here.

    Raises:
        UnreadableError: the text is not in that format. The parser's own message is dropped, for it quotes the line.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text.removeprefix("\ufeff"))
    except configparser.Error as error:
        raise UnreadableError(path, _line(error), "INI file") from None
    entries = (
        PipEntry(section=section, option=_option(key), value=value, path=path)
        for section in parser.sections()
        for key, value in parser.items(section)
    )
    return tuple(entry for entry in entries if entry.section in _SECTIONS and entry.option in _OPTIONS)


def pip_settings(
    entries: Iterable[PipEntry], environ: Mapping[str, str], absolute: Callable[[str], str]
) -> ToolSettings:
    """What pip is told by its files, the weakest first, and by the environment.

    ``absolute`` makes a path absolute.
    """
    found = Findings()
    told, variables = _effective(entries, environ)
    offline = _switch(told.get("no-index"), found)
    if "find-links" in told:
        found.omit(told["find-links"].origin, "a flat list of files is no simple API, and no mirror")
    if offline:
        found.omit(f"the indexes of pip because of {offline.origin}", "pip asks none of them")
    indexes = () if offline else _indexes(told, found)
    main = told.get("index-url")
    refused = offline or (main if not any(index.main for index in indexes) else None)
    servers = told.get("trusted-host")
    proxy = told.get("proxy")
    return ToolSettings(
        indexes=indexes,
        unverified=found.servers(Setting(value=servers.value.split(), origin=servers.origin)) if servers else None,
        ca_bundle=found.path(told.get("cert"), absolute),
        client_certificate=found.path(told.get("client-cert"), absolute),
        connect_timeout_ms=_milliseconds(told.get("timeout"), found),
        proxy=found.proxy(proxy) if proxy else None,
        left_out=tuple(found.left_out),
        variables=variables,
        refusal=refused.origin if refused else None,
    )


def _effective(
    entries: Iterable[PipEntry], environ: Mapping[str, str]
) -> tuple[dict[str, Setting[str]], tuple[str, ...]]:
    """Of each option the setting that counts, and the environment variables that are set."""
    # Files override one another within a section only; then the sections do, and an empty value overrides nothing.
    last = {(entry.section, entry.option): entry for entry in entries}
    told: dict[str, Setting[str]] = {}
    for section in _SECTIONS:
        for option in _OPTIONS:
            entry = last.get((section, option))
            if entry and entry.value:
                origin = f"{option} of [{section}] in {printable(entry.path)}"
                told[option] = Setting(value=entry.value, origin=origin)
    names = {f"PIP_{name.upper().replace('-', '_')}": _option(name) for name in (*_ALIASES, *_OPTIONS)}
    present = {name: option for name, option in names.items() if environ.get(name)}
    told |= {option: Setting(value=environ[name], origin=variable(name)) for name, option in present.items()}
    bundle = next((name for name in _BUNDLE_VARIABLES if environ.get(name)), None)
    if bundle and "cert" not in told:
        told["cert"] = Setting(value=environ[bundle], origin=variable(bundle))
        return told, (*present, bundle)
    return told, tuple(present)


def _indexes(told: Mapping[str, Setting[str]], found: Findings) -> tuple[Index, ...]:
    main, extra = told.get("index-url"), told.get("extra-index-url")
    if main is None and extra is None:
        return ()
    address = found.address(main) if main else None
    indexes = [public_index("pip")] if main is None else []
    if main and address:
        indexes.append(Index(address=address, origin=main.origin, main=True))
    for text in extra.value.split() if extra else ():
        address = found.address(Setting(value=text, origin=extra.origin)) if extra else None
        if extra and address:
            indexes.append(Index(address=address, origin=extra.origin))
    return tuple(indexes)


def _switch(setting: Setting[str] | None, found: Findings) -> Setting[str] | None:
    """The setting if it says yes."""
    if setting and setting.value.lower() not in TRUE | _FALSE:
        found.omit(setting.origin, "what stands there is neither yes nor no")
    return setting if setting and setting.value.lower() in TRUE else None


def _milliseconds(setting: Setting[str] | None, found: Findings) -> Setting[int] | None:
    if setting is None:
        return None
    try:
        seconds = float(setting.value)
    except ValueError:
        seconds = 0.0
    if not (isfinite(seconds) and seconds > 0):
        found.omit(setting.origin, "what stands there is no number of seconds above 0")
        return None
    return Setting(value=max(1, round(min(seconds * 1000, _MAX_MILLISECONDS))), origin=setting.origin)


def _option(key: str) -> str:
    name = key.lower().replace("_", "-").removeprefix("--")
    return _ALIASES.get(name, name)


def _line(error: configparser.Error) -> int | None:
    match error:
        case configparser.MissingSectionHeaderError():
            return error.lineno
        case configparser.ParsingError():
            return error.errors[0][0] if error.errors else None
        case configparser.DuplicateSectionError() | configparser.DuplicateOptionError():
            return error.lineno
        case _:
            return None
