"""How this server is called from outside: what goes in front of every address that it writes. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from codehost.model.errors import UserError
from codehost.serve.access.forwarded import Client
from codehost.serve.access.hosts import host_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """``root`` is the URL of the server's own "/" without that slash: ``https://code.example.com/codehost``."""

    root: str

    def url(self, path: str) -> str:
        """The absolute URL of a path that begins with a slash, escaped already."""
        return f"{self.root}{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the server is, as its operator says.

    Attributes:
        base: the path that the server is below: "" or ``/codehost``.
        public: the URL that people know, without a slash at its end; None: whatever they came by.
    """

    base: str = ""
    public: str | None = None

    def origin(self, client: Client) -> Origin:
        """The server as this client has to call it."""
        return Origin(root=self.public or f"{client.scheme}://{client.authority}{self.base}")

    def path_in(self, target: str) -> str:
        """The path in a request's target, as it came: escaped, without the query, and without the base."""
        path = target.partition("?")[0]
        if not path.startswith("/"):
            # RFC 9112, section 3.2.2: a whole URL is accepted, too.
            path = f"/{path.partition('://')[2].partition('/')[2]}"
        return self.inner(path)

    def inner(self, path: str) -> str:
        """A path without the base. A proxy may have taken it away already."""
        if self.base and (path == self.base or path.startswith(f"{self.base}/")):
            return path.removeprefix(self.base) or "/"
        return path


def site_of(base_path: str | None, public_url: str | None) -> Site:
    """The site with this base path, or with the public URL's.

    Raises:
        UserError: one of them cannot be one, or they do not go together.
    """
    base = None if base_path is None else _base(base_path)
    if public_url is None:
        return Site(base=base or "")
    parts = urlsplit(public_url)
    well = parts.scheme in {"http", "https"} and host_in(parts.netloc) is not None
    if not well or parts.query or parts.fragment:
        raise UserError("--public-url takes the server's address as people know it: https://code.example.com/codehost.")
    path = _base(parts.path)
    if base is not None and base != path:
        raise UserError(f"--base-path is {base or '/'}, and --public-url has the path {path or '/'}: give one path.")
    return Site(base=path, public=f"{parts.scheme}://{parts.netloc.lower()}{path}")


def _base(path: str) -> str:
    base = path.rstrip("/")
    if base and (not base.startswith("/") or not all(_is_plain(part) for part in base[1:].split("/"))):
        raise UserError("--base-path takes a path such as /codehost, of letters, digits, dots, dashes and underscores.")
    return base


def _is_plain(part: str) -> bool:
    return part.isascii() and part.strip(".") != "" and all(char.isalnum() or char in "._-" for char in part)
