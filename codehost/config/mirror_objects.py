"""The objects in ``urls``: what they add to the mirror at their URL."""

from dataclasses import replace
from typing import Any

from codehost.config.credentials import read_credentials
from codehost.config.headers import AUTHORIZATION, read_headers
from codehost.config.hosts import read_hosts
from codehost.config.inspection import Inspection
from codehost.config.proxies import read_proxy
from codehost.config.secret_values import bearer_token, read_secret
from codehost.config.surroundings import Unchecked
from codehost.config.tls import read_tls
from codehost.model.codehosts import DEFAULT_CONNECT_TIMEOUT, Header, Mirror

_MILLISECONDS = 1_000


def read_mirror_object(members: dict[str, Any], mirror: Mirror, at: Inspection) -> Mirror:
    """The mirror with all that its object says; what has findings is left out. Values of wrong types are passed over.

    The references of a disabled mirror are not followed: what they lead to may be gone, and is not needed.
    """
    enabled = members.get("enabled") is not False
    if not enabled:
        at = replace(at, surroundings=Unchecked())
    headers = _read_headers(members, mirror, at)
    return replace(
        mirror,
        credentials=read_credentials(members, mirror.credentials, at),
        headers=headers,
        tls=read_tls(members, at),
        proxy=read_proxy(members["proxy"], at.at("proxy")) if "proxy" in members else mirror.proxy,
        connect_timeout=_seconds(members.get("connectTimeoutMs")) or DEFAULT_CONNECT_TIMEOUT,
        deadline=_seconds(members.get("totalTimeoutMs")),
        enabled=enabled,
        allowed_hosts=read_hosts(members.get("allowedHosts"), at.at("allowedHosts")),
        ignore_status_codes=_statuses(members.get("ignoreStatusCodes")),
    )


def _read_headers(members: dict[str, Any], mirror: Mirror, at: Inspection) -> tuple[Header, ...]:
    """The mirror's headers with that of its bearer token; at most one source of the header Authorization is allowed."""
    headers = read_headers(members.get("headers"), at.at("headers"))
    others = [
        *(["the user information in url"] if mirror.credentials else []),
        *(key for key in ("username", "password") if key in members),
    ]
    if "bearerToken" in members:
        place = at.at("bearerToken")
        if others:
            place.report(f"stands beside {others[0]}", "keep one of the two: a request has one authorization")
        token = read_secret(members["bearerToken"], place, bearer_token)
        others.append("bearerToken")
        headers = headers if token is None else (Header(name="Authorization", value=f"Bearer {token}"), *headers)
    given = members.get("headers")
    for name in given if isinstance(given, dict) else ():
        if name.lower() == AUTHORIZATION and others:
            hint = "keep one of the two: a request has one authorization"
            at.at("headers", name).report(f"stands beside {others[-1]}", hint, at_key=True)
    return headers


def _seconds(value: object) -> float | None:
    return value / _MILLISECONDS if isinstance(value, int | float) else None


def _statuses(value: object) -> frozenset[int]:
    codes = value if isinstance(value, list) else []
    # JSON Schema, draft-07, section 6.1.1: 404.0 is an integer too.
    return frozenset(int(code) for code in codes if isinstance(code, int | float))
