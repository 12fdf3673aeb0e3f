from codehost.config.loading import load
from codehost.serve.api.mistakes import MOST_SHOWN, refused
from codehost.serve.problems import Flaw, Kind


def test_a_mistake_has_its_place_and_a_hint() -> None:
    problem = refused(load(b'{\n  "urls": [],\n  "dependencies": ["six"]\n}').violations)
    assert problem.kind is Kind.INVALID
    assert problem.detail == "The document has a mistake; nothing was changed."
    [flaw] = problem.flaws
    assert (flaw.pointer, flaw.line) == ("/dependencies/0", 3)
    assert flaw.detail.endswith(".")
    assert flaw.hint is not None
    assert flaw.hint[0].isupper()


def test_of_many_the_first_are_told() -> None:
    pins = ",".join('"x"' for _ in range(MOST_SHOWN + 1))
    problem = refused(load(f'{{"urls": [], "dependencies": [{pins}]}}'.encode()).violations)
    assert problem.detail.startswith("The document has 1,001 mistakes, of which the first 1,000 are told;")
    assert len(problem.flaws) == MOST_SHOWN
    assert all(isinstance(flaw, Flaw) for flaw in problem.flaws)
