"""What pip and uv are told, as one list of mirrors in the order in which codehost asks them.

uv asks its indexes in order, and so it stays. pip has no order: it takes the best version that any of them has, so
anyone who uses a private project's name on the public PyPI can slip a release in. codehost asks one mirror after the
other; an index of pip is therefore put in front of the public PyPI, wherever pip itself names it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from codehost.model.codehosts import IndexStrategy
from codehost.starter.addresses import Address, Server
from codehost.starter.settings import Index, Setting, ToolSettings, public_index

_BEHIND = (
    "Asked behind the others: pip has no order, and nobody who uses a private project's name on the public PyPI "
    "may get in front of the private mirror."
)
_IN_FRONT = (
    "pip asks its indexes alike, codehost one after the other, index-url first. If this one offers public releases "
    "too, move the private ones in front of it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mirror in the making; what is None is not told.

    ``dropped`` are the origins of credentials that gave way to others for the same URL.

    ``origins`` and ``remarks`` are phrases and sentences for its comment. ``unverified`` and ``unproxied`` are the
    origins of the wish to check no certificate and to use no proxy.
    """

    address: Address
    origins: tuple[str, ...]
    own_variables: tuple[str | None, str | None] = (None, None)
    credentials_origin: str
    wants_credentials: bool = False
    explicit: bool = False
    unverified: str | None = None
    unproxied: str | None = None
    ca_bundle: Setting[str] | None = None
    client_certificate: Setting[str] | None = None
    connect_timeout_ms: Setting[int] | None = None
    ignored_statuses: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def has_credentials(self) -> bool:
        """Whether a user name or password is known to be somewhere."""
        return bool(self.address.username or self.address.password or any(self.own_variables))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What both tools are told. ``strategy`` is uv's, also where it is only uv's habit."""

    mirrors: tuple[Draft, ...]
    proxy: Setting[Address] | None
    strategy: Setting[str] | None
    left_out: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    refusal: str | None = None


def merge(pip: ToolSettings, uv: ToolSettings) -> Merged:
    """The mirrors of both tools, each once; the public PyPI when neither names any."""
    refusal = pip.refusal or uv.refusal
    mirrors = _ordered(*([_draft(index, tool) for index in _meant(tool, refusal)] for tool in (uv, pip)))
    if not mirrors and not refusal:
        fallback = public_index("pip and uv")
        mirrors = [_join(_draft(fallback, pip), _draft(fallback, uv))]
    proxy = pip.proxy or uv.proxy
    if pip.proxy is None and uv.proxy and uv.unproxied:
        mirrors = [_past_proxy(mirror, uv.unproxied) for mirror in mirrors]
    return Merged(
        mirrors=tuple(mirrors),
        proxy=proxy,
        strategy=uv.strategy or (_habit(uv) if len(mirrors) > 1 else None),
        left_out=(*pip.left_out, *uv.left_out, *_unmatched(mirrors, pip), *_unmatched(mirrors, uv), *_dropped(mirrors)),
        variables=(*pip.variables, *uv.variables),
        refusal=None if mirrors else refusal,
    )


def _meant(tool: ToolSettings, refusal: str | None) -> tuple[Index, ...]:
    """The indexes of a tool; without those that nobody named when one of the tools was told not to ask them."""
    return tuple(index for index in tool.indexes if not (refusal and index.implied))


def _habit(uv: ToolSettings) -> Setting[str] | None:
    # uv's documentation: without a word about it, uv stops at the first index that has the project.
    return Setting(value=IndexStrategy.FIRST_INDEX.value, origin="the default of uv") if uv.indexes else None


def _draft(index: Index, tool: ToolSettings) -> Draft:
    address = index.address
    unverified = tool.unverified if tool.unverified and _covers(tool.unverified.value, address) else None
    return Draft(
        address=address,
        origins=(index.origin,),
        own_variables=index.own_variables,
        credentials_origin=index.origin,
        wants_credentials=index.wants_credentials,
        explicit=index.explicit,
        unverified=unverified.origin if unverified else None,
        ca_bundle=tool.ca_bundle,
        # The certificate tells who asks: that is no business of a public server.
        client_certificate=None if address.is_public else tool.client_certificate,
        connect_timeout_ms=tool.connect_timeout_ms,
        ignored_statuses=index.ignored_statuses,
    )


def _covers(servers: Iterable[Server | None], address: Address) -> bool:
    return address.scheme == "https" and any(server is None or _matches(server, address) for server in servers)


def _matches(rule: Server, address: Address) -> bool:
    return rule.host == address.server.host and rule.port in {None, address.server.port}


def _ordered(uv: Iterable[Draft], pip: list[Draft]) -> list[Draft]:
    ordered: list[Draft] = []
    for draft in uv:
        if not _joined(ordered, draft):
            ordered.append(draft)
    for draft in pip:
        if not _joined(ordered, draft):
            ordered.insert(len(ordered) if draft.address.is_public else _before_public(ordered), draft)
    return _remarked(ordered, pip)


def _joined(ordered: list[Draft], draft: Draft) -> bool:
    """Whether the mirror is there already; it then knows what both say."""
    for place, known in enumerate(ordered):
        if known.address.identity == draft.address.identity:
            ordered[place] = _join(known, draft)
            return True
    return False


def _join(first: Draft, second: Draft) -> Draft:
    holder = first if first.has_credentials or not second.has_credentials else second
    other = second if holder is first else first
    clash = other.has_credentials and _credentials(other) != _credentials(holder)
    return replace(
        first,
        dropped=(*first.dropped, *second.dropped, *((other.credentials_origin,) if clash else ())),
        address=holder.address,
        origins=tuple(dict.fromkeys((*first.origins, *second.origins))),
        own_variables=holder.own_variables,
        credentials_origin=holder.credentials_origin,
        wants_credentials=first.wants_credentials or second.wants_credentials,
        explicit=first.explicit and second.explicit,
        unverified=first.unverified or second.unverified,
        ca_bundle=first.ca_bundle or second.ca_bundle,
        client_certificate=first.client_certificate or second.client_certificate,
        connect_timeout_ms=first.connect_timeout_ms or second.connect_timeout_ms,
        ignored_statuses=tuple(dict.fromkeys((*first.ignored_statuses, *second.ignored_statuses))),
    )


def _credentials(draft: Draft) -> tuple[object, ...]:
    return draft.address.username, draft.address.password, draft.own_variables


def _dropped(mirrors: Iterable[Draft]) -> Iterable[str]:
    for mirror in mirrors:
        for origin in mirror.dropped:
            yield (
                f"Left out a user name and password for {mirror.address.url} from {origin}: those from "
                f"{mirror.credentials_origin} differ, and a mirror has one pair."
            )


def _before_public(ordered: list[Draft]) -> int:
    return next((place for place, known in enumerate(ordered) if known.address.is_public), len(ordered))


def _remarked(ordered: list[Draft], pip: list[Draft]) -> list[Draft]:
    """The mirrors, with a word on those whose place pip does not give."""
    distinct = {draft.address.identity for draft in pip}
    if len(distinct) < 2:  # noqa: PLR2004 - one has no order
        return ordered
    public = {draft.address.identity for draft in pip if draft.address.is_public}
    remarks = dict.fromkeys(public, _BEHIND) or {pip[0].address.identity: _IN_FRONT}
    return [
        replace(draft, remarks=(*draft.remarks, remarks[draft.address.identity]))
        if draft.address.identity in remarks
        else draft
        for draft in ordered
    ]


def _unmatched(mirrors: list[Draft], tool: ToolSettings) -> Iterable[str]:
    if tool.unverified is None:
        return
    for server in tool.unverified.value:
        if server and not any(_matches(server, mirror.address) for mirror in mirrors):
            port = f":{server.port}" if server.port else ""
            yield f"Left out {server.host}{port} of {tool.unverified.origin}: no mirror is there."


def _past_proxy(mirror: Draft, unproxied: Setting[tuple[str, ...]]) -> Draft:
    host = mirror.address.server.host.strip("[]")
    past = any(_is_meant(rule.lower(), host) for rule in unproxied.value)
    return replace(mirror, unproxied=unproxied.origin) if past else mirror


def _is_meant(rule: str, host: str) -> bool:
    """Whether an entry of NO_PROXY means a host: a name stands for all below it, a network for all in it."""
    try:
        return ip_address(host) in ip_network(rule, strict=False)
    except ValueError:
        name = rule.removeprefix("*").removeprefix(".")
        return rule == "*" or (bool(name) and (host == name or host.endswith(f".{name}")))
