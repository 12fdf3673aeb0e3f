"""What is asked for in a way that is not served, and what to do instead. Pure."""

from codehost.serve.git.answers import Refusal
from codehost.serve.names import Action, Address

UPLOAD_PACK = "git-upload-pack"
RECEIVE_PACK = "git-receive-pack"
REQUEST_TYPE = "application/x-git-upload-pack-request"

_METHODS = {Action.REFS: "GET", Action.UPLOAD: "POST"}

_READ_ONLY = "Repositories are read only here: codehost makes them from releases, nothing can be pushed."
_DUMB = "Dumb HTTP is not served: use git 1.6.6 or newer, or another client of the smart protocol."


def missing() -> Refusal:
    """There is no such repository, or it can be none."""
    return Refusal(404, "There is no repository here. The address of one is /git/<name>.git, with its name in full.")


def refuse(address: Address, method: str, service: str | None, content_type: str) -> Refusal | None:
    """Why a request to an address is not served, or None.

    Args:
        address: where it goes.
        method: of HTTP.
        service: the first ``service`` of the query, if any.
        content_type: the body's media type without parameters, in lower case.
    """
    if address.action is Action.RECEIVE or service == RECEIVE_PACK:
        return Refusal(403, _READ_ONLY)
    if address.action is Action.DUMB:
        return Refusal(403, _DUMB)
    allowed = _METHODS[address.action]
    if method != allowed:
        return Refusal(405, f"Only {allowed} is served at this address.", {"Allow": allowed})
    if address.action is Action.REFS and service != UPLOAD_PACK:
        # gitprotocol-http: without a service this is a dumb client's request.
        return Refusal(403, _DUMB if service is None else f"The only service here is {UPLOAD_PACK}.")
    if address.action is Action.UPLOAD and content_type != REQUEST_TYPE:
        return Refusal(415, f"The body of this request has to be of the type {REQUEST_TYPE}.")
    return None
