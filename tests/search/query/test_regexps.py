import pytest

from codehost.search.query.regexps import Facts, NotSupportedError, facts

# Pattern, whether it may be empty, whether it names an upper-case letter, its only text, a text that it needs.
FACTS: list[tuple[str, bool, bool, str | None, str]] = [
    ("foo", False, False, "foo", "foo"),
    ("fOo", False, True, "fOo", "fOo"),
    ("", True, False, "", ""),
    ("^$", True, False, "", ""),
    (r"\A\z\b\B", True, False, "", ""),
    (r"^foo\b", False, False, "foo", "foo"),
    (".", False, False, None, ""),
    ("fo+bar", False, False, None, "bar"),
    ("foo*b", False, False, None, "fo"),
    ("foo?", False, False, None, "fo"),
    ("f{2}", False, False, None, "f"),
    ("f{0,2}?", True, False, None, ""),
    ("f{0}", True, False, None, ""),
    ("f{,2}", False, False, "f{,2}", "f{,2}"),
    ("(foo)+?", False, False, None, "foo"),
    ("(foo)*", True, False, None, ""),
    ("a|", True, False, None, ""),
    ("ab|cD", False, True, None, ""),
    ("x(a|b)yz", False, False, None, "yz"),
    ("x(ab)y", False, False, "xaby", "xaby"),
    ("(?:ab)c", False, False, "abc", "abc"),
    ("(?P<n>ab)(?<m>c)", False, False, "abc", "abc"),
    ("(?s)a.b(?m-s:c)", False, False, None, "bc"),
    (r"a\.b\-\"", False, False, 'a.b-"', 'a.b-"'),
    (r"\x41\x{42}\103\n\t", False, True, "ABC\n\t", "ABC\n\t"),
    (r"\Qa.b\E", False, False, "a.b", "a.b"),
    (r"\Qa.b", False, False, "a.b", "a.b"),
    (r"\Qab\E+c", False, False, None, "a"),
    (r"\Q\Ea", False, False, "a", "a"),
    ("[a-z]", False, False, None, ""),
    ("[a-zX]", False, True, None, ""),
    ("[]a]b", False, False, None, "b"),
    ("[^]a]b", False, False, None, "b"),
    (r"[\]a]b", False, False, None, "b"),
    ("[[:alpha:]]b", False, True, None, "b"),
    ("[[:^alpha:]]b", False, False, None, "b"),
    ("[^X]y", False, True, None, "y"),
    ("[@-Z]", False, True, None, ""),
    (r"[@-\[]", False, False, None, ""),
    (r"\w+x", False, True, None, "x"),
    (r"\W\S\d\s", False, False, None, ""),
    (r"\pLx", False, True, None, "x"),
    (r"\p{Ll}x", False, False, None, "x"),
    (r"\PLx", False, False, None, "x"),
    ("É", False, False, "É", "É"),
]


@pytest.mark.parametrize(("pattern", "nullable", "upper", "exact", "required"), FACTS)
def test_facts(pattern: str, exact: str | None, required: str, *, nullable: bool, upper: bool) -> None:
    assert facts(pattern) == Facts(nullable=nullable, upper=upper, exact=exact, required=required)


@pytest.mark.parametrize(
    ("pattern", "at"), [("a(?i)b", 1), ("(?i:a)", 0), ("(?m-i)a", 0), (r"ab\C", 2), (r"a\x{DFFF}", 1)]
)
def test_what_the_engines_do_not_agree_on(pattern: str, at: int) -> None:
    with pytest.raises(NotSupportedError) as caught:
        facts(pattern)
    assert caught.value.at == at
    assert caught.value.hint in str(caught.value)


def test_repositories_may_fold() -> None:
    assert not facts("(?i)six", folding=True).nullable
