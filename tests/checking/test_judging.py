import pytest

from codehost.checking.judging import UNSURE_ADVICE, Access, Outcome, Security, judge
from codehost.model.codehosts import Mirror
from codehost.model.errors import FACTS, Reason
from tests.checking.values import CREDENTIALS, PLAIN, TOKEN, UNVERIFIED, URL, failed, found, mirror

NETWORK = failed(Reason.NETWORK, reached=False)
PROXY_REFUSED = failed(Reason.AUTH, reached=False)
REFUSED = failed(Reason.AUTH)
BAD_PAGE = failed(Reason.BAD_PAGE)
UNCONFIRMED = found(None, confirmed=False)
REDIRECTED = found(final_origin="https://other.example.com", confirmed=False)


@pytest.mark.parametrize(
    ("asked", "outcome", "security"),
    [
        (mirror(), found(), Security.VERIFIED),
        (mirror(), BAD_PAGE, Security.VERIFIED),
        (mirror(), NETWORK, Security.UNKNOWN),
        (mirror(), None, Security.UNKNOWN),
        (mirror(tls=UNVERIFIED), found(), Security.NOT_VERIFIED),
        (mirror(tls=UNVERIFIED), NETWORK, Security.UNKNOWN),
        (mirror(PLAIN), found(), Security.NONE),
        (mirror(PLAIN, tls=UNVERIFIED), NETWORK, Security.NONE),
        (mirror("HTTP://mirror.example.com"), None, Security.NONE),
    ],
)
def test_security(asked: Mirror, outcome: Outcome | None, security: Security) -> None:
    (checked,) = judge([asked], [outcome])
    assert checked.security is security


@pytest.mark.parametrize(
    ("given", "outcome", "access"),
    [
        (False, found(), Access.NONE),
        (False, NETWORK, Access.NONE),
        (False, PROXY_REFUSED, Access.NONE),
        (False, REFUSED, Access.MISSING),
        (False, None, Access.NONE),
        (True, found(), Access.ACCEPTED),
        (True, UNCONFIRMED, Access.UNKNOWN),
        (True, REFUSED, Access.REFUSED),
        (True, PROXY_REFUSED, Access.UNKNOWN),
        (True, BAD_PAGE, Access.UNKNOWN),
        (True, NETWORK, Access.UNKNOWN),
        (True, None, Access.UNKNOWN),
    ],
)
def test_access(outcome: Outcome | None, access: Access, *, given: bool) -> None:
    for asked in (mirror(credentials=CREDENTIALS), mirror(headers=TOKEN)) if given else (mirror(),):
        (checked,) = judge([asked], [outcome])
        assert checked.access is access


@pytest.mark.parametrize(
    ("asked", "outcome", "well"),
    [
        (mirror(), found(), True),
        (mirror(), UNCONFIRMED, False),
        (mirror(), found(confirmed=False), False),
        (mirror(), REDIRECTED, True),
        (mirror(), BAD_PAGE, False),
        (mirror(), None, False),
        (mirror(enabled=False), None, True),
    ],
)
def test_what_is_well(asked: Mirror, outcome: Outcome | None, *, well: bool) -> None:
    (checked,) = judge([asked], [outcome])
    assert checked.well == well
    assert (checked.failure is not None) == (outcome is BAD_PAGE)


@pytest.mark.parametrize(
    ("outcome", "advice"),
    [
        (found(), None),
        (REDIRECTED, None),
        (None, None),
        (UNCONFIRMED, UNSURE_ADVICE),
        (found(confirmed=False), UNSURE_ADVICE),
        (BAD_PAGE, FACTS[Reason.BAD_PAGE].advice),
    ],
)
def test_what_to_do(outcome: Outcome | None, advice: str | None) -> None:
    (checked,) = judge([mirror()], [outcome])
    assert checked.advice == advice
    assert checked.unsure == (advice is UNSURE_ADVICE)


@pytest.mark.parametrize(
    ("asked", "outcome", "words"),
    [
        (mirror(), found(), []),
        (mirror(PLAIN), found(), []),
        (mirror(PLAIN, credentials=CREDENTIALS), NETWORK, ["the credentials go over plain http"]),
        (mirror(PLAIN, headers=TOKEN), found(), ["the credentials go over plain http"]),
        (mirror(PLAIN, headers=TOKEN, enabled=False), None, []),
        (mirror(tls=UNVERIFIED), NETWORK, ["verifyTLS is false"]),
        (mirror(PLAIN, tls=UNVERIFIED), NETWORK, []),
        (mirror(), UNCONFIRMED, []),
        (mirror(), REDIRECTED, ["https://other.example.com answered in its place"]),
        (
            mirror(tls=UNVERIFIED),
            found(final_origin="https://other.example.com", confirmed=False),
            ["verifyTLS is false", "https://other.example.com answered in its place"],
        ),
    ],
)
def test_warnings(asked: Mirror, outcome: Outcome | None, words: list[str]) -> None:
    (checked,) = judge([asked], [outcome])
    assert len(checked.warnings) == len(words)
    assert all(warning.startswith(start) for warning, start in zip(checked.warnings, words, strict=True))
    assert "canary" not in repr(checked)


def test_two_mirrors_that_are_one() -> None:
    base, same, other = (
        "https://mirror.example.com",
        "HTTPS://MIRROR.example.com:443/simple",
        "https://mirror.example.com/b",
    )
    outcomes = [found(URL), NETWORK, found(same), UNCONFIRMED, UNCONFIRMED, found(other)]
    checked = judge([mirror(base), *(mirror(url) for url in (URL, same, URL, URL, other))], outcomes)
    twice = [index for index, one in enumerate(checked) if "the same simple API as" in "".join(one.warnings)]
    assert twice == [2]
    assert checked[2].warnings == (f"it has the same simple API as {base}: one of the two is enough",)
