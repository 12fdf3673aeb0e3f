"""How a mirror's TLS is done: its files, looked at where the surroundings allow."""

from typing import Any

from codehost.config.inspection import Inspection
from codehost.config.secret_values import any_text, path_problem, read_secret
from codehost.config.surroundings import SurroundingsError
from codehost.model.codehosts import Tls


def read_tls(members: dict[str, Any], at: Inspection) -> Tls:
    """The TLS settings of a mirror; what has findings is left out."""
    bundle = _read_path(members, "caBundle", at)
    certificate = _read_path(members, "clientCertificate", at)
    key = _read_path(members, "clientKey", at)
    password = None
    if "clientKeyPassword" in members:
        password = read_secret(members["clientKeyPassword"], at.at("clientKeyPassword"), any_text)
    for lonely in ("clientKey", "clientKeyPassword"):
        if lonely in members and "clientCertificate" not in members:
            at.at(lonely).report("stands without a clientCertificate", 'add "clientCertificate" or remove this')
    pair = Tls(client_certificate=certificate, client_key=key, client_key_password=password)
    _try(Tls(ca_bundle=bundle), at.at("caBundle"))
    # Half a pair has its finding already.
    if ("clientKey" in members) == (key is not None) and ("clientKeyPassword" in members) == (password is not None):
        _try(pair, at.at("clientCertificate"))
    return Tls(
        verify=members.get("verifyTLS") is not False,
        ca_bundle=bundle,
        client_certificate=certificate,
        client_key=key,
        client_key_password=password,
    )


def _read_path(members: dict[str, Any], key: str, at: Inspection) -> str | None:
    value = members.get(key)
    if not isinstance(value, str):
        return None
    complaint = path_problem(value)
    if complaint is None:
        return value
    at.at(key).report(*complaint)
    return None


def _try(tls: Tls, at: Inspection) -> None:
    if tls.ca_bundle is None and tls.client_certificate is None:
        return
    try:
        at.surroundings.check_tls(tls)
    except SurroundingsError as error:
        at.report(error.problem, error.hint)
