import re
from itertools import product

import pytest

from codehost.config.contract import schema
from codehost.config.repositories import MAX_PART, is_too_long, pattern_problem
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN, parse_pin

GOOD = [
    DEFAULT_REPOSITORY_PATTERN,
    "{project}/{version}",
    "{version}/{project}",
    "pypi.example.com/{project}-{version}",
    "a/{project}/{version}/src",
    "{project}_x_{version}",
    "{project}.{version}",
    "{version}+{project}",
    "{project}/{project}-{version}",
    "_a/v{version}/{project}",
]

BAD = [
    ("", "lacks {project}"),
    ("python/{project}", "lacks {version}"),
    ("python/{version}", "lacks {project}"),
    ("{name}/{version}", "lacks {project}"),
    ("{project}/{version}/{host}", "has the unknown placeholder {host}"),
    ("{project}{version}", "does not keep its placeholders apart by one of / . - _ +"),
    ("{project}v{version}", "does not keep its placeholders apart by one of / . - _ +"),
    ("{project} {version}", "does not keep its placeholders apart by one of / . - _ +"),
    ("a b/{project}/{version}", "has the character ' '"),
    ("a:b/{project}/{version}", "has the character ':'"),
    ("a\\{project}/{version}", "has the character '\\\\'"),
    ("a\n/{project}/{version}", "has the character '\\n'"),
    ("{project}/{version}\n", "has the character '\\n'"),
    ("é/{project}/{version}", "has the character 'é'"),
    ("{a/{project}/{version}", "has the character '{'"),
    ("/{project}/{version}", "has an empty part or a slash at an end"),
    ("{project}/{version}/", "has an empty part or a slash at an end"),
    ("{project}//{version}", "has an empty part or a slash at an end"),
    ("../{project}/{version}", "has the part '..', which starts with a dot or a dash"),
    ("a/./{project}/{version}", "has the part '.', which starts with a dot or a dash"),
    (".git/{project}/{version}", "has the part '.git', which starts with a dot or a dash"),
    ("-c/{project}/{version}", "has the part '-c', which starts with a dot or a dash"),
    ("a.git/{project}/{version}", "has the part 'a.git', which ends with '.git'"),
    ("{project}/{version}.git", "has the part '{version}.git', which ends with '.git'"),
    ("{project}/{version}.lock", "has the part '{version}.lock', which ends with '.lock'"),
    ("a./{project}/{version}", "has the part 'a.', which ends with '.'"),
    ("a/" * 100 + "{project}/{version}", f"is longer than {MAX_PART} characters"),
]


@pytest.mark.parametrize("pattern", GOOD)
def test_a_good_pattern_passes_here_and_in_editors(pattern: str) -> None:
    assert pattern_problem(pattern) is None
    assert _passes_in_editors(pattern)


@pytest.mark.parametrize(("pattern", "problem"), BAD)
def test_a_bad_pattern_is_explained(pattern: str, problem: str) -> None:
    assert pattern_problem(pattern) == problem
    assert not _passes_in_editors(pattern)


@pytest.mark.parametrize("pattern", GOOD)
def test_different_releases_have_different_names(pattern: str) -> None:
    projects = ["a", "a1", "a-1", "a-1-1", "1", "1-a", "x", "v"]
    versions = ["1", "1.1", "1.post1", "1+a.1", "1+1", "11", "1a1", "1!1", "0"]
    pins = [parse_pin(f"{project}=={version}") for project, version in product(projects, versions)]
    assert len({pin.repository(pattern) for pin in pins}) == len(pins)


@pytest.mark.parametrize(
    ("project", "version", "too_long"),
    [
        ("a" * 200, "1", False),
        ("a" * 201, "1", True),
        ("a", "1." * 100 + "1", True),
        ("a" * 150, "1." * 50 + "1", False),
    ],
)
def test_a_name_must_fit_a_file_system(project: str, version: str, too_long: bool) -> None:  # noqa: FBT001 - a column
    assert is_too_long(parse_pin(f"{project}=={version}"), DEFAULT_REPOSITORY_PATTERN) is too_long


def _passes_in_editors(pattern: str) -> bool:
    rules = schema()["properties"]["repositoryPathPattern"]
    # In ECMA 262, which JSON Schema names, "$" is the very end.
    expression = rules["pattern"].replace("$", r"\Z")
    return len(pattern) <= rules["maxLength"] and re.search(expression, pattern) is not None
