"""User name and password of a mirror or a proxy."""

from typing import Any

from codehost.config.inspection import Inspection
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
