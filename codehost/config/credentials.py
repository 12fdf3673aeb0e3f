"""User name and password of a mirror or a proxy."""

from typing import Any

from codehost.config.inspection import Inspection
from codehost.config.secrecy import REDACTED
from codehost.config.secret_values import password, read_secret, user_name
from codehost.model.codehosts import Credentials


def read_credentials(members: dict[str, Any], in_url: Credentials | None, at: Inspection) -> Credentials | None:
    """The credentials that the keys ``username`` and ``password`` give, or else those of the URL."""
    if "username" not in members:
        if "password" in members:
            hint = 'add "username"; for a token some servers want a fixed one, others take it as bearerToken'
            at.at("password").report("stands without a username", hint)
            read_secret(members["password"], at.at("password"), password)
        return in_url
    name = read_secret(members["username"], at.at("username"), user_name)
    word = read_secret(members["password"], at.at("password"), password) if "password" in members else ""
    if in_url is not None:
        at.at("url").report("has user information, and username is given too", "keep one of the two")
    return None if name is None or word is None else Credentials(username=name, password=word)


def check_in_url(credentials: Credentials | None, at: Inspection) -> None:
    """Report user information that a URL shows in place of a secret: it comes from a document as it is stored."""
    if credentials is None or REDACTED not in {credentials.username, credentials.password}:
        return
    if credentials.password:
        problem = f"has user information of which one half is {REDACTED}"
        at.report(problem, f"write user:password@ in full, or only {REDACTED}@ where the secret is stored")
    else:
        problem = f"has {REDACTED}, which stored documents show in place of a secret"
        at.report(problem, f"write the secret again as user:password@ before the host, or remove {REDACTED}@")
