"""``codehost serve``, asked for the feed over HTTP."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from codehost.consume.news import News, NoNewsError, read_news
from codehost.model.errors import UserError
from codehost.net.explain import WIRE_ERRORS, explain
from codehost.net.retries import parse_retry_after

# docs/feed.md: the most that may be asked for.
_LIMIT = 1_000
# Entries of a thousand repositories have about a megabyte.
_MOST_BYTES = 64 << 20
# What an answer may take beyond the time that it is to wait.
_PATIENCE = 60.0
_OK = 200
_REDIRECTS = range(300, 400)
_GONE = 410
# Statuses that nobody's waiting mends, with what does.
_ADVICE = {
    401: "it asks for a token, or does not know the one that it was given: make one with codehost tokens add NAME",
    403: "the token may not read",
    404: "there is no feed: check the address and its base path",
    421: "it does not go by this name: start it with --host-name, or ask it by another name",
}


class HinderedError(UserError):
    """The server cannot be followed at this moment.

    Attributes:
        what: why, as a sentence.
        retry_after: seconds that the server asks to wait, if it does.
        hopeless: somebody has to do something about it.
    """

    def __init__(self, what: str, *, retry_after: float | None = None, hopeless: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.retry_after = retry_after
        self.hopeless = hopeless

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A reader's token, read anew from its ``file`` whenever it is needed, or as the environment gave it."""

    file: Path | None = None
    given: str | None = field(default=None, repr=False)

    def read(self) -> str | None:
        """The token, if there is one.

        Raises:
            HinderedError: the file cannot be read, or there is none in it.
        """
        if self.file is None:
            return _checked(self.given, "CODEHOST_TOKEN") if self.given else None
        try:
            text = self.file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise HinderedError(f"The token's file {self.file} cannot be read ({why}).", hopeless=True) from None
        return _checked(text, str(self.file))

    def header(self) -> dict[str, str]:
        """The field of a request, if there is a token. Raises as ``read``."""
        token = self.read()
        return {} if token is None else {"Authorization": f"Bearer {token}"}


def _checked(text: str, place: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise HinderedError(f"{place} holds no token: write the one that codehost tokens add printed.", hopeless=True)
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is followed.

    Attributes:
        url: its address with its base path, without a slash at its end.
        code_host: of which the entries are; None: of all.
    """

    session: aiohttp.ClientSession
    url: str
    token: Token
    code_host: str | None = None

    async def news(self, after: str, wait: float) -> News | None:
        """What came behind a cursor; the server waits so many seconds for it. None: the cursor is to be forgotten.

        Raises:
            HinderedError: there was no answer, or none that can be used.
        """
        query = {"after": after, "limit": str(_LIMIT), "wait": f"{wait:.3f}"}
        query |= {} if self.code_host is None else {"codeHost": self.code_host}
        url = f"{self.url}/api/v1/changes"
        timeout = aiohttp.ClientTimeout(total=wait + _PATIENCE, sock_connect=_PATIENCE / 2)
        headers = self.token.header()
        try:
            async with self.session.get(
                url, params=query, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                if answer.status == _GONE:
                    return None
                if answer.status != _OK:
                    raise _refused(self.url, answer)
                return read_news(await _body(answer))
        except NoNewsError as error:
            raise HinderedError(f"{url} does not answer as codehost serve does ({error}).") from None
        except aiohttp.ClientConnectorCertificateError as error:
            why = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
            raise HinderedError(
                f"The certificate of {self.url} is not trusted ({why}): if it is right, name a file with its"
                " authority's in SSL_CERT_FILE.",
                hopeless=True,
            ) from None
        except WIRE_ERRORS as error:
            raise HinderedError(f"{self.url} cannot be asked: {explain(error, url).what}.") from None


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > _MOST_BYTES:
            raise NoNewsError("it sends too much at once")
    return bytes(body)


def _refused(url: str, answer: aiohttp.ClientResponse) -> HinderedError:
    status = answer.status
    # A token goes to the server that was named, and to no other.
    advice = "it leads elsewhere: give the address that it leads to" if status in _REDIRECTS else _ADVICE.get(status)
    retry_after = parse_retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
    what = f"{url} answers with status {status}" + (f": {advice}." if advice else ".")
    return HinderedError(what, retry_after=retry_after, hopeless=advice is not None)
