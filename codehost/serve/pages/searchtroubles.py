"""Why a search told nothing, or no more, as the page says it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from codehost.model.errors import UserError
from codehost.model.searching import QueryError
from codehost.search.scope import UnknownScopeError
from codehost.serve.access.answers import problem_of
from codehost.serve.pages.links import Links
from codehost.serve.pages.searchform import SearchForm
from codehost.serve.pages.searchrows import place_of
from codehost.serve.problems import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is said, and with which status where nothing was said before.

    Attributes:
        kind: decides the status.
        sentence: what happened and what to do.
        place: the query with a mark at its wrong character.
        near: names that may have been meant, and the addresses of the same search with them.
        headers: of an answer that has the status.
    """

    kind: Kind
    sentence: str
    place: Markup | None = None
    near: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def trouble_of(error: UserError, form: SearchForm, links: Links) -> Trouble:
    """What the page says of ``error``, which ``form`` has met."""
    match error:
        case QueryError():
            return Trouble(kind=Kind.INVALID, sentence=str(error), place=place_of(error))
        case UnknownScopeError():
            forms = {name: form.meaning(error.what, error.name, name) for name in error.near}
            near = tuple((name, links.search(other.parameters())) for name, other in forms.items())
            return Trouble(kind=Kind.NOT_FOUND, sentence=error.problem, near=near)
        case _:
            problem = problem_of(error)
            return Trouble(kind=problem.kind, sentence=problem.detail, headers=problem.headers)
