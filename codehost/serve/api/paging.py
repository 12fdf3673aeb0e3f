"""Lists that come in pages."""

from urllib.parse import urlencode

from aiohttp import web

from codehost.serve.access.middlewares import ORIGIN


def link_to_next(request: web.Request, path: str, after: str | None) -> dict[str, str]:
    """The header with the address of the page behind ``after`` (RFC 8288, section 3); nothing when there is none.

    ``path``: of the list, below the API's root. The other parameters stay as they were asked for.
    """
    if after is None:
        return {}
    query = urlencode({**request.query, "after": after})
    return {"Link": f'<{request[ORIGIN].root}/api/v1{path}?{query}>; rel="next"'}
