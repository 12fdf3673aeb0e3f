import pytest

from codehost.model.codehosts import Credentials, Header, Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import PageResponse
from codehost.resolve.words import elsewhere, explained, failure_of, roots_tried

PAGE = "https://mirror.example/simple/six/"
PLAIN = Mirror(url="https://mirror.example/simple")
WITH_PASSWORD = Mirror(url=PLAIN.url, credentials=Credentials(username="ada", password="secret"))
WITH_TOKEN = Mirror(url=PLAIN.url, headers=(Header(name="Authorization", value="Bearer secret"),))
IGNORING = Mirror(url=PLAIN.url, ignore_status_codes=frozenset({403, 500}))

MAYBE = "or it says 403 for what it lacks (if so, add 403 to its ignoreStatusCodes)"
REDIRECTED = "the request was redirected there, and the mirror's credentials stay on its own origin"


def response(status: int, url: str = PAGE) -> PageResponse:
    return PageResponse(status=status, url=url, content_type="", body=b"", retry_after=7)


@pytest.mark.parametrize(
    ("mirror", "status"), [(PLAIN, 404), (PLAIN, 410), (IGNORING, 404), (IGNORING, 403), (IGNORING, 500)]
)
def test_not_here(mirror: Mirror, status: int) -> None:
    assert failure_of(response(status), mirror) is None


@pytest.mark.parametrize(
    ("mirror", "answer", "reason", "what"),
    [
        (
            PLAIN,
            response(401),
            Reason.AUTH,
            f"{PAGE} answered 401 Unauthorized: the mirror wants credentials and urls gives none",
        ),
        (
            PLAIN,
            response(403),
            Reason.AUTH,
            f"{PAGE} answered 403 Forbidden: the mirror wants credentials and urls gives none, {MAYBE}",
        ),
        (
            WITH_PASSWORD,
            response(401),
            Reason.AUTH,
            f"{PAGE} answered 401 Unauthorized: the credentials that urls gives were refused",
        ),
        (
            WITH_TOKEN,
            response(401),
            Reason.AUTH,
            f"{PAGE} answered 401 Unauthorized: the credentials that urls gives were refused",
        ),
        (
            WITH_PASSWORD,
            response(401, "https://else.example/six/?token=secret"),
            Reason.AUTH,
            f"https://else.example/six/ answered 401 Unauthorized: {REDIRECTED}",
        ),
        (PLAIN, response(429), Reason.THROTTLED, f"{PAGE} answered 429 Too Many Requests"),
        (PLAIN, response(503), Reason.SERVER_ERROR, f"{PAGE} answered 503 Service Unavailable"),
        (PLAIN, response(406), Reason.BAD_PAGE, f"{PAGE} answered 406 Not Acceptable"),
        (PLAIN, response(599), Reason.SERVER_ERROR, f"{PAGE} answered 599"),
    ],
)
def test_failures(mirror: Mirror, answer: PageResponse, reason: Reason, what: str) -> None:
    failure = failure_of(answer, mirror)
    assert failure is not None
    assert (failure.reason, failure.what, failure.mirror, failure.retry_after) == (reason, what, PLAIN.url, 7)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (PAGE, ""),
        ("https://MIRROR.example:443/x", ""),
        ("http://mirror.example/simple/six/", "http://mirror.example"),
        ("https://else.example:8443/six/", "https://else.example:8443"),
        ("mailto:six", ""),
    ],
)
def test_elsewhere(url: str, origin: str) -> None:
    assert elsewhere(url, PLAIN) == origin


@pytest.mark.parametrize(
    ("roots", "clause"),
    [
        (("https://m/a",), "no simple API found at https://m/a/"),
        (("https://m/a", "https://m/b"), "no simple API found at https://m/a/ and https://m/b/"),
        (
            ("https://m/a", "https://m/b", "https://m"),
            "no simple API found at https://m/a/, https://m/b/ and https://m/",
        ),
    ],
)
def test_roots_tried(roots: tuple[str, ...], clause: str) -> None:
    assert roots_tried(roots) == clause


@pytest.mark.parametrize(
    ("reason", "tried", "what"),
    [
        (Reason.BAD_PAGE, (), "no page"),
        (Reason.BAD_PAGE, ("https://m/a",), "no page; no simple API found at https://m/a/"),
        (Reason.AUTH, ("https://m/a",), "no page"),
    ],
)
def test_explained(reason: Reason, tried: tuple[str, ...], what: str) -> None:
    failure = explained(Failure(reason, "no page", mirror="https://m"), tried)
    assert (failure.reason, failure.what, failure.mirror) == (reason, what, "https://m")
