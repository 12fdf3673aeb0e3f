"""What a search meets, as the page says it."""

import pytest

from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.model.searching import QueryError
from codehost.search.scan.children import SearchEndedError
from codehost.search.scan.turns import TooManySearchesError
from codehost.search.scope import UnknownScopeError
from codehost.serve.pages.links import Links
from codehost.serve.pages.searchform import SearchForm
from codehost.serve.pages.searchtroubles import trouble_of

FORM = SearchForm(query="x", projects=("sx",))
TROUBLES = [
    (QueryError("x)", 1, "a ) without its (", "Remove it."), 422, "at character 2: a ) without its (. Remove it."),
    (UnknownScopeError("project", "sx", "There is no sx.", ("six",)), 404, "There is no sx."),
    (TooManySearchesError(2, 10.0), 503, "Try again in a moment."),
    (SearchEndedError(), 503, "Try again when it runs."),
    (DatabaseUnavailableError("postgresql://secret"), 503, "The database does not answer"),
]


@pytest.mark.parametrize(("error", "status", "said"), TROUBLES)
def test_statuses_and_sentences(error: UserError, status: int, said: str) -> None:
    trouble = trouble_of(error, FORM, Links())
    assert trouble.kind.status == status
    assert said in trouble.sentence
    assert "secret" not in trouble.sentence
    assert (trouble.headers.get("Retry-After") == "5") == (status == 503)
    assert (trouble.place is not None) == (status == 422)


def test_what_may_have_been_meant_is_one_click_away() -> None:
    error = UnknownScopeError("project", "sx", "There is no sx.", ("six", "sax"))
    assert trouble_of(error, FORM, Links("/b")).near == (
        ("six", "/b/-/search?q=x&project=six"),
        ("sax", "/b/-/search?q=x&project=sax"),
    )
