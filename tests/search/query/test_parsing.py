import pytest

from codehost.model.searching import QueryError
from codehost.search.query.parsing import ATOMS, CHARACTERS, DEPTH, parse
from codehost.search.query.tree import And, Language, Not, Or, Place, Repository, Text


def word(pattern: str, *, sensitive: bool = False, place: Place = Place.ANYWHERE) -> Text:
    return Text(place=place, pattern=pattern, sensitive=sensitive)


A, B, C = word("a"), word("b"), word("c")
TREES = [
    ("a", A),
    ("regex:a", A),
    ("a b", And(parts=(A, B))),
    ("a\tb", And(parts=(A, B))),
    ("a\r\nb\n", And(parts=(A, B))),
    ("a or b", Or(parts=(A, B))),
    ("a b or c", Or(parts=(And(parts=(A, B)), C))),
    ("a (b or c)", And(parts=(A, Or(parts=(B, C))))),
    ("(a b ) c", And(parts=(A, B, C))),
    ("(a or b) or c", Or(parts=(A, B, C))),
    ("-a", Not(atom=A)),
    ("--a", A),
    ("-(a b)", Or(parts=(Not(atom=A), Not(atom=B)))),
    ("-(a or -b)", And(parts=(Not(atom=A), B))),
    ('"a b"', word("a b")),
    ('a" "b', word("a b")),
    ('"or"', word("or")),
    ("OR", word("OR", sensitive=True)),
    ("orb", word("orb")),
    ('"-a"', word("-a")),
    ("a-b", word("a-b")),
    ('"file:a"', word("file:a")),
    ("(ab|c)", word("(ab|c)")),
    ("f(a)b", word("f(a)b")),
    ("(a)(b c)", And(parts=(A, B, C))),
    (r"a\ b", word(r"a\ b")),
    (r"a\"b", word(r"a\"b")),
    (r'"a\"b"', word('a"b')),
    (r'"a\\.b"', word(r"a\.b")),
    (r'"a\.b"', word("a.b")),
    (r"\(a", word(r"\(a")),
    ("c:a", word("a", place=Place.CONTENT)),
    ("content:a", word("a", place=Place.CONTENT)),
    ('f:"a b"', word("a b", place=Place.NAME)),
    ("file:A", word("A", place=Place.NAME, sensitive=True)),
    ("case:yes a f:b", And(parts=(word("a", sensitive=True), word("b", sensitive=True, place=Place.NAME)))),
    ("A case:no", word("A")),
    ("case:no case:auto A", word("A", sensitive=True)),
    ("r:^a$", Repository(pattern="^a$")),
    ("repo:(?i)A.*", Repository(pattern="(?i)A.*")),
    ("lang:py", Language(name="Python")),
    ('lang:"pip requirements"', Language(name="Pip Requirements")),
]

REFUSED = [
    ("", 0, "asks for nothing"),
    ("  \n", 0, "asks for nothing"),
    ("case:yes", 0, "asks for nothing"),
    ("a" * (CHARACTERS + 1), CHARACTERS, "longer than"),
    ("a " * (ATOMS + 1), 0, "more than 50 parts"),
    ("(" + " (" * DEPTH + " a" + " )" * (DEPTH + 1), 2 * DEPTH, "deep"),
    ("-" * (DEPTH + 1) + "a", DEPTH, "deep"),
    ("\ud800", 0, "Unicode"),
    ("( a", 3, "( without its )"),
    ("(a", 2, "( without its )"),
    ("a ) b", 2, ") without its ("),
    ("a)", 1, ") without its ("),
    ("( )", 2, "nothing inside"),
    ("(a b)or", 7, "or with nothing"),
    ("a or", 4, "or with nothing"),
    ("or a", 0, "or with nothing"),
    ("a or or b", 5, "or with nothing"),
    ("( or a )", 2, "or with nothing"),
    ("-", 0, "nothing behind"),
    ("a - b", 2, "nothing behind"),
    ("a -or b", 2, "nothing behind"),
    ("a\\", 1, "backslash"),
    ("a\\\nb", 1, "backslash"),
    ('a "b', 2, "never closed"),
    ('a "b\\', 2, "never closed"),
    ('"a\nb"', 2, "line break"),
    ('"a\\\nb"', 3, "line break"),
    ('a ""', 2, "no text"),
    ("f:", 0, "no text"),
    ("a repo:", 2, "needs a text"),
    ("a x*", 2, "x* also matches the empty text"),
    ("^$", 0, "empty text"),
    ("a|", 0, "empty text"),
    (r"\b", 0, "empty text"),
    ("(a|b?)", 0, "empty text"),
    ("a foo(", 2, "no regular expression (missing ): foo()"),
    ("a**", 0, "no regular expression"),
    ("a(?=b)", 0, "no regular expression"),
    (r"(a)\1", 0, "no regular expression"),
    ("repo:[", 0, "no regular expression"),
    ("b (?i)a", 2, "flag i"),
    ("(?i:a)", 0, "flag i"),
    ("(?s-i)a", 0, "flag i"),
    (r"a\C", 0, "single byte"),
    (r"\x{D800}", 0, "surrogate"),
    ("x case:maybe", 2, "case:maybe"),
    ("a (case:no B )", 3, "inside parentheses"),
    ("a -case:no", 3, "behind a -"),
    ("a lang:pyhton", 2, "pyhton"),
    ("lang:", 0, "nothing"),
    ("a sym:b", 2, "sym: is not supported"),
    ("branch:main a", 0, "branch: is not supported"),
    ("b:main a", 0, "b: is not supported"),
    ("archived:no a", 0, "archived: is not supported"),
    ("fork:no a", 0, "fork: is not supported"),
    ("public:no a", 0, "public: is not supported"),
    ("type:file a", 0, "type: is not supported"),
    ("t:repo a", 0, "t: is not supported"),
    ("meta.a:b", 0, "meta. is not supported"),
]


@pytest.mark.parametrize(("query", "tree"), TREES)
def test_what_is_understood(query: str, tree: object) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(("query", "position", "problem"), REFUSED)
def test_what_is_refused(query: str, position: int, problem: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert caught.value.position == position
    assert problem in str(caught.value)
    assert caught.value.hint


def test_as_much_as_is_allowed() -> None:
    assert parse("a" * CHARACTERS) == word("a" * CHARACTERS)
    assert parse("a " * ATOMS) == And(parts=(A,) * ATOMS)
    assert parse("(" + " (" * (DEPTH - 1) + " a" + " )" * DEPTH) == A


def test_a_language_that_is_misspelt_gets_near_names() -> None:
    with pytest.raises(QueryError, match="Did you mean Python"):
        parse("lang:pyton")
