"""The entries of ``urls`` to mirrors, or what is wrong with them."""

from dataclasses import replace

from codehost.config.addresses import MIRROR, AddressError, parse_address
from codehost.config.credentials import check_in_url
from codehost.config.inspection import Inspection
from codehost.config.mirror_objects import read_mirror_object
from codehost.model.codehosts import Mirror, Proxy
from codehost.net.origins import origin_of


def parse_mirror(text: str, position: int = 0) -> Mirror:
    """The mirror at ``text``, the entry of ``urls`` with the index ``position``.

    User information is decoded into credentials and does not stay in the mirror's URL.

    Raises:
        AddressError: the scheme is neither http nor https, the host is missing or malformed, or the URL has a port out
            of range, spaces, a query or a fragment.
    """
    address = parse_address(text, MIRROR)
    url = f"{address.start}{address.path}".rstrip("/")
    return Mirror(url=url, position=position, credentials=address.credentials)


def read_mirrors(entries: list[object], proxy: Proxy | None, at: Inspection) -> tuple[Mirror, ...]:
    """The mirrors in the order of the document; ``proxy`` is for those that say nothing of one.

    Entries with findings are left out, and so are entries of the wrong type: the contract has reported them.
    """
    read = ((index, _read_entry(entry, index, proxy, at.at(index))) for index, entry in enumerate(entries))
    mirrors = tuple(mirror for _, mirror in read if mirror is not None)
    _check_repeats(mirrors, entries, at)
    return mirrors


def _read_entry(entry: object, index: int, proxy: Proxy | None, at: Inspection) -> Mirror | None:
    url = entry.get("url") if isinstance(entry, dict) else entry
    mirror = _parse(url, index, at.at("url") if isinstance(entry, dict) else at) if isinstance(url, str) else None
    plain = replace(mirror, proxy=proxy) if mirror else Mirror(url="", position=index, proxy=proxy)
    if isinstance(entry, dict):
        # Read also without a URL: all mistakes are told at once.
        plain = read_mirror_object(entry, plain, at)
    return plain if mirror else None


def _parse(text: str, index: int, at: Inspection) -> Mirror | None:
    try:
        mirror = parse_mirror(text, index)
    except AddressError as error:
        at.report(error.problem, error.hint)
        return None
    check_in_url(mirror.credentials, at)
    return mirror


def _check_repeats(mirrors: tuple[Mirror, ...], entries: list[object], at: Inspection) -> None:
    firsts: dict[object, Mirror] = {}
    for mirror in mirrors:
        first = firsts.setdefault(_identity(mirror.url), mirror)
        # Two equal strings were always valid; the second is a waste of requests at worst.
        both_old = all(isinstance(entries[one.position], str) for one in (first, mirror))
        if first is not mirror and not both_old:
            place = _url_place(mirror, entries, at)
            path = _url_place(first, entries, at).path
            place.report("is the same mirror as the one", "keep one of the two", first=path)


def _url_place(mirror: Mirror, entries: list[object], at: Inspection) -> Inspection:
    place = at.at(mirror.position)
    return place.at("url") if isinstance(entries[mirror.position], dict) else place


def _identity(url: str) -> object:
    path = url.partition("://")[2].partition("/")[2]
    return origin_of(url), path
