import pytest

from codehost.serve.api.places import Places
from codehost.serve.problems import Kind, ProblemError


def test_so_many_at_a_time() -> None:
    places = Places(1, "knit", seconds=7)
    with places.taken():
        told = "Too many requests knit at this moment: try again in 7 seconds"
        with pytest.raises(ProblemError, match=told) as refused, places.taken():
            pass
        assert (refused.value.kind, refused.value.headers) == (Kind.UNAVAILABLE, {"Retry-After": "7"})
    with places.taken():
        pass


def test_who_fails_leaves_too() -> None:
    places = Places(1, "knit")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), places.taken():
            raise ZeroDivisionError
