"""uv's configuration files and environment variables."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codehost.model.texts import printable
from codehost.starter.machine import UnreadableError
from codehost.starter.settings import TRUE, Findings, Index, Setting, ToolSettings, public_index, variable

STRATEGIES = frozenset({"first-index", "unsafe-first-match", "unsafe-any-match", "unsafe-best-match"})

# uv's documentation: index names are made of these.
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LINE = re.compile(r"line ([0-9]+)")
_VARIABLES = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX_URL",
    "UV_INDEX_STRATEGY",
    "UV_INSECURE_HOST",
    "UV_NO_INDEX",
    "UV_FIND_LINKS",
    "SSL_CERT_FILE",
    "SSL_CLIENT_CERT",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UvFile:
    """The settings of one file. ``prefix`` stands in front of a table's name in that file: ``tool.uv.`` or nothing."""

    path: str
    prefix: str
    table: Mapping[str, Any] = field(repr=False)

    def origin(self, key: str) -> str:
        """Where a setting of this file was found."""
        return f"{key} in {printable(self.path)}"


def parse_uv(text: str, path: str, table: tuple[str, ...] = ()) -> UvFile | None:
    """The settings of a file in TOML format; None when it has no such table.

    Raises:
        UnreadableError: the text is not in that format.
    """
    try:
        found: Any = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        line = _LINE.search(str(error))
        raise UnreadableError(path, int(line[1]) if line else None, "TOML file") from None
    for name in table:
        found = found.get(name) if isinstance(found, dict) else None
    prefix = "".join(f"{name}." for name in table)
    return UvFile(path=path, prefix=prefix, table=found) if isinstance(found, dict) else None


def uv_settings(files: Iterable[UvFile], environ: Mapping[str, str], absolute: Callable[[str], str]) -> ToolSettings:
    """What uv is told by the environment and by its files, the strongest first.

    ``absolute`` makes a path absolute.
    """
    return _Reader(tuple(files), environ, absolute).settings()


class _Reader:
    """One reading: the files, the environment, and what is found on the way."""

    def __init__(self, files: tuple[UvFile, ...], environ: Mapping[str, str], absolute: Callable[[str], str]) -> None:
        self._files = files
        self._environ = environ
        self._absolute = absolute
        self._found = Findings()
        self._lost_default: str | None = None
        self._used = [name for name in _VARIABLES if environ.get(name)]

    def settings(self) -> ToolSettings:
        offline = self._offline()
        indexes = () if offline else self._indexes()
        if offline:
            self._found.omit(f"the indexes of uv because of {offline}", "uv asks none of them")
        self._flat_lists()
        servers, proxy = self._list("allow-insecure-host", "UV_INSECURE_HOST"), self._proxy()
        unproxied = self._list("no-proxy", "NO_PROXY", "no_proxy", separator=",")
        return ToolSettings(
            indexes=indexes,
            unverified=self._found.servers(servers, any_server="*") if servers else None,
            ca_bundle=self._path("SSL_CERT_FILE"),
            client_certificate=self._path("SSL_CLIENT_CERT"),
            proxy=self._found.proxy(proxy) if proxy else None,
            unproxied=Setting(value=tuple(unproxied.value), origin=unproxied.origin) if unproxied else None,
            strategy=self._strategy(),
            left_out=tuple(self._found.left_out),
            variables=tuple(self._used),
            refusal=offline or self._lost_default,
        )

    def _indexes(self) -> tuple[Index, ...]:
        named = self._distinct([*self._from_environment(), *self._from_files()])
        if not named:
            return ()
        # What stands in for the public PyPI cannot be used: that makes the public PyPI no better.
        if self._lost_default and not any(index.main for index in named):
            return tuple(named)
        # uv's documentation: the first default is asked last, other defaults not at all; without any it is PyPI.
        default = next((index for index in named if index.main), None) or public_index("uv")
        others = [index for index in named if not index.main]
        return (*others, default)

    def _distinct(self, indexes: Iterable[tuple[str | None, Index]]) -> list[Index]:
        """Of the indexes of one name the first."""
        seen: set[str] = set()
        kept: list[Index] = []
        for name, index in indexes:
            if name is None or name not in seen:
                kept.append(index)
            if name is not None:
                seen.add(name)
        return kept

    def _from_environment(self) -> Iterable[tuple[str | None, Index]]:
        for key in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX_URL"):
            for text in self._environ.get(key, "").split():
                name, url = _split_name(text) if key in {"UV_DEFAULT_INDEX", "UV_INDEX"} else (None, text)
                yield from self._index(
                    Setting(value=url, origin=variable(key)), name, main=key in {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}
                )

    def _from_files(self) -> Iterable[tuple[str | None, Index]]:
        # uv joins the lists of its files and takes the first single value.
        for file in self._files:
            for number, members in enumerate(_tables(file.table.get("index")), start=1):
                yield from self._table_index(file, number, members)
        for file in self._files:
            for url in _texts(file.table.get("extra-index-url")):
                yield from self._index(Setting(value=url, origin=file.origin("extra-index-url")))
        main = self._value("index-url")
        if main is not None:
            yield from self._index(main, main=True)

    def _table_index(self, file: UvFile, number: int, members: Mapping[str, Any]) -> Iterable[tuple[str | None, Index]]:
        name, url = members.get("name"), members.get("url")
        name = name if isinstance(name, str) and _NAME.fullmatch(name) else None
        origin = file.origin(f"[[{file.prefix}index]] {name or f'number {number}'}")
        if not isinstance(url, str):
            self._found.omit(origin, "it has no url")
        elif members.get("format") == "flat":
            self._found.omit(origin, "a flat list of files is no simple API, and no mirror")
            if members.get("default") is True:
                self._lost_default = self._lost_default or origin
        else:
            statuses = members.get("ignore-error-codes")
            yield from self._index(
                Setting(value=url, origin=origin),
                name,
                main=members.get("default") is True,
                explicit=members.get("explicit") is True,
                wants_credentials=members.get("authenticate") == "always",
                ignored=tuple(status for status in statuses if type(status) is int)
                if isinstance(statuses, list)
                else (),
            )

    def _index(
        self,
        url: Setting[str],
        name: str | None = None,
        *,
        main: bool = False,
        explicit: bool = False,
        wants_credentials: bool = False,
        ignored: tuple[int, ...] = (),
    ) -> Iterable[tuple[str | None, Index]]:
        address = self._found.address(url)
        if address is None:
            if main:
                self._lost_default = self._lost_default or url.origin
            return
        yield (
            name,
            Index(
                address=address,
                origin=url.origin,
                main=main,
                explicit=explicit,
                own_variables=self._own_variables(name),
                wants_credentials=wants_credentials,
                ignored_statuses=ignored,
            ),
        )

    def _own_variables(self, name: str | None) -> tuple[str | None, str | None]:
        if name is None:
            return None, None
        # uv's documentation: the name in capitals, what is neither letter nor digit as an underscore.
        stem = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', name.upper())}"
        username, password = (
            key if self._environ.get(key) else None for key in (f"{stem}_USERNAME", f"{stem}_PASSWORD")
        )
        self._used += [key for key in (username, password) if key and key not in self._used]
        return username, password

    def _offline(self) -> str | None:
        if self._environ.get("UV_NO_INDEX", "").lower() in TRUE:
            return variable("UV_NO_INDEX")
        file = next((file for file in self._files if isinstance(file.table.get("no-index"), bool)), None)
        return file.origin("no-index") if file and file.table["no-index"] else None

    def _flat_lists(self) -> None:
        origins = [variable("UV_FIND_LINKS")] if self._environ.get("UV_FIND_LINKS") else []
        origins += [file.origin("find-links") for file in self._files if file.table.get("find-links")]
        for origin in origins:
            self._found.omit(origin, "a flat list of files is no simple API, and no mirror")
        for file in self._files:
            only_pip = file.table.get("pip")
            if isinstance(only_pip, dict) and {"index-url", "extra-index-url"} & only_pip.keys():
                self._found.omit(
                    file.origin(f"the indexes of [{file.prefix}pip]"), "they are for the command `uv pip` alone"
                )

    def _strategy(self) -> Setting[str] | None:
        strategy = self._value("index-strategy", "UV_INDEX_STRATEGY")
        if strategy and strategy.value not in STRATEGIES:
            self._found.omit(strategy.origin, "it is no strategy that uv has")
            return None
        return strategy

    def _proxy(self) -> Setting[str] | None:
        # curl's habit, which uv follows: the proxy for a scheme goes before the one for all.
        return self._value("https-proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

    def _path(self, name: str) -> Setting[str] | None:
        value = self._environ.get(name)
        return self._found.path(Setting(value=value, origin=variable(name)) if value else None, self._absolute)

    def _value(self, key: str, *names: str) -> Setting[str] | None:
        """A single text: the environment's, else that of the strongest file."""
        for name in names:
            if self._environ.get(name):
                return Setting(value=self._environ[name], origin=variable(name))
        for file in self._files:
            value = file.table.get(key)
            if isinstance(value, str) and value:
                return Setting(value=value, origin=file.origin(key))
        return None

    def _list(self, key: str, *names: str, separator: str | None = None) -> Setting[list[str]] | None:
        """Texts: those of the environment, then those of the files."""
        values: list[str] = []
        origins: list[str] = []
        name = next((name for name in names if self._environ.get(name)), None)
        if name:
            values += self._environ[name].split(separator)
            origins.append(variable(name))
        for file in self._files:
            texts = _texts(file.table.get(key))
            values += texts
            origins += [file.origin(key)] if texts else []
        stripped = [value.strip() for value in values if value.strip()]
        return Setting(value=stripped, origin=" and ".join(origins)) if stripped else None


def _split_name(text: str) -> tuple[str | None, str]:
    """``name=url`` in its parts. What has a colon before the sign is a URL, whose password may have such a sign."""
    name, sign, url = text.partition("=")
    if not sign or ":" in name:
        return None, text
    return name or None, url


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
