"""What pip or uv is told, with where it was found.

An *origin* is a phrase that ends a sentence beginning with "from": ``index-url of [global] in /etc/pip.conf`` or ``the
environment variable PIP_INDEX_URL``. It names places and never holds what was found there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from codehost.starter.addresses import PUBLIC, Address, AddressError, Server, parse_address, parse_proxy, parse_server

# Both tools take these for a yes, in any case of letters.
TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[T]):
    """A value and its origin. The value may be secret."""

    value: T = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index of pip or uv.

    ``main``: pip's ``index-url``, uv's default. ``explicit``: uv asks it only for projects that are sent to it.
    ``own_variables`` names the environment variables that hold user name and password, where uv has such.
    ``implied``: nobody named it, the tool asks it by itself.
    ``wants_credentials``: they are kept where neither the URL nor the environment shows them.
    """

    address: Address
    origin: str
    main: bool = False
    explicit: bool = False
    own_variables: tuple[str | None, str | None] = (None, None)
    wants_credentials: bool = False
    ignored_statuses: tuple[int, ...] = ()
    implied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """What one tool is told. ``indexes`` stand in the order in which it asks them; empty when none is named.

    ``unverified`` are the servers whose certificates are not checked; None among them stands for all. Paths are
    absolute. ``strategy`` is uv's. ``unproxied`` are names as NO_PROXY has them. ``left_out`` are sentences about what
    has no counterpart or cannot be used. ``variables`` names the environment variables that were looked at and set.
    ``refusal`` is the origin of what keeps the tool from asking the public PyPI by itself.
    """

    indexes: tuple[Index, ...] = ()
    unverified: Setting[tuple[Server | None, ...]] | None = None
    ca_bundle: Setting[str] | None = None
    client_certificate: Setting[str] | None = None
    connect_timeout_ms: Setting[int] | None = None
    proxy: Setting[Address] | None = None
    unproxied: Setting[tuple[str, ...]] | None = None
    strategy: Setting[str] | None = None
    left_out: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    refusal: str | None = None


class Findings:
    """What a reader of settings comes across besides them."""

    def __init__(self) -> None:
        self.left_out: list[str] = []

    def omit(self, origin: str, why: str) -> None:
        """Something is not taken over."""
        self.left_out.append(f"Left out {origin}: {why}.")

    def address(self, text: Setting[str]) -> Address | None:
        """The URL of an index; None, and a sentence, when no mirror can have it."""
        try:
            return parse_address(text.value)
        except AddressError as error:
            self.omit(text.origin, f"what stands there {error.problem}")
            return None

    def path(self, setting: Setting[str] | None, absolute: Callable[[str], str]) -> Setting[str] | None:
        """A path, made absolute; None, and a sentence, when no configuration can name it."""
        if setting is None:
            return None
        path = absolute(setting.value)
        if not path.isprintable():
            self.omit(setting.origin, "the path has a character that no configuration may have")
            return None
        return Setting(value=path, origin=setting.origin)

    def proxy(self, text: Setting[str]) -> Setting[Address] | None:
        """A proxy; None, and a sentence, when it is none that can be used."""
        try:
            return Setting(value=parse_proxy(text.value), origin=text.origin)
        except AddressError as error:
            self.omit(text.origin, f"what stands there {error.problem}; a proxy is written http://host:port")
            return None

    def servers(self, texts: Setting[list[str]], any_server: str | None = None) -> Setting[tuple[Server | None, ...]]:
        """Hosts with or without a port; a sentence for each that is neither."""
        servers: list[Server | None] = []
        for text in texts.value:
            server = parse_server(text)
            if text == any_server:
                servers.append(None)
            elif server is None:
                self.omit(f"an entry of {texts.origin}", "what stands there is neither a host nor host:port")
            else:
                servers.append(server)
        return Setting(value=tuple(servers), origin=texts.origin)


def variable(name: str) -> str:
    """The origin of what an environment variable holds."""
    return f"the environment variable {name}"


def public_index(tool: str) -> Index:
    """The public PyPI, which both tools ask without being told to."""
    return Index(address=parse_address(PUBLIC), origin=f"the default of {tool}", main=True, implied=True)
