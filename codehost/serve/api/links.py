"""Addresses of repositories in answers, as whoever asks has to call them."""

from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from codehost.model.repository_names import PLAIN, clone_path
from codehost.serve.access.middlewares import ORIGIN


def page_path(repository: str) -> str:
    """Where people find a repository, below the server's own root."""
    return f"/{quote(repository, safe=PLAIN)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """``root`` is the URL of the server's own "/" without that slash."""

    root: str

    def clone(self, repository: str) -> str:
        """Where git finds it."""
        return f"{self.root}{clone_path(repository)}"

    def web(self, repository: str) -> str:
        """Where people find it."""
        return f"{self.root}{page_path(repository)}"


def addresses_for(request: web.Request) -> Addresses:
    """Addresses for whoever sent the request."""
    return Addresses(root=request[ORIGIN].root)
