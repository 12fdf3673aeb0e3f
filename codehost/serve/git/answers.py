"""What is said instead of a repository: one sentence as plain text, which git shows to its user."""

from collections.abc import Mapping

from aiohttp import web

# gitprotocol-http: answers must not be kept by caches. The same three fields as git http-backend sends.
UNCACHED = {
    "Expires": "Fri, 01 Jan 1980 00:00:00 GMT",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache, max-age=0, must-revalidate",
}


class Refusal(Exception):  # noqa: N818 - it is an answer, and no error of the program
    """A request is not served: the HTTP status, a sentence without secrets, and further headers."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        return self.sentence

    def response(self) -> web.Response:
        """The refusal as an answer."""
        return web.Response(status=self.status, text=f"{self.sentence}\n", headers=UNCACHED | self.headers)
