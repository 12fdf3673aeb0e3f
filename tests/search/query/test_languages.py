import pytest

from codehost.search.query.languages import by_name, language, named, near

FILES = [
    (b"a/b.py", b"", "Python"),
    (b"B.PYI", b"", "Python"),
    (b"a.pyx", b"", "Cython"),
    (b"setup.cfg", b"", "INI"),
    (b"pyproject.toml", b"", "TOML"),
    (b"requirements.txt", b"", "Pip Requirements"),
    (b"notes.txt", b"", "Text"),
    (b"LICENSE", b"", "Text"),
    (b"README.rst", b"", "reStructuredText"),
    (b"README.md", b"", "Markdown"),
    (b"Makefile", b"", "Makefile"),
    (b"CMakeLists.txt", b"", "CMake"),
    (b"Dockerfile", b"", "Dockerfile"),
    (b"a.c", b"", "C"),
    (b"a.h", b"class A {};", "C"),
    (b"a.cpp", b"", "C++"),
    (b"a.tar.json", b"", "JSON"),
    (b".gitignore", b"", "Ignore List"),
    (b"PKG-INFO", b"", ""),
    (b"pkg.dist-info/METADATA", b"", ""),
    (b"MANIFEST.in", b"", ""),
    (b"py.typed", b"", ""),
    (b"a.unknown", b"#!/bin/sh\n", ""),
    (b"run", b"", ""),
    (b"run", b"print()\n", ""),
    (b"run", b"#!/usr/bin/env python3\n", "Python"),
    (b"run", b"#! /usr/bin/python3.11 -u\n", "Python"),
    (b"run", b"#!/usr/bin/env -S A=b python\n", "Python"),
    (b"run", b"#!/bin/bash\n", "Shell"),
    (b"run", b"#!/usr/bin/env\nnode", ""),
    (b"run", b"#!", ""),
    (b"run", b"\n#!/bin/sh\n", ""),
    (b"run\xff", b"#!/bin/\xff\n", ""),
]


@pytest.mark.parametrize(("path", "content", "expected"), FILES)
def test_language_of_a_file(path: bytes, content: bytes, expected: str) -> None:
    assert language(path, content) == expected
    assert by_name(path) in {None, expected}


def test_only_what_has_no_ending_waits_for_its_first_line() -> None:
    assert by_name(b"a/run") is None
    assert by_name(b"a.d/run") is None
    assert by_name(b"a.unknown") == ""
    assert language(b"run", None) == ""


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("python", "Python"),
        ("PY", "Python"),
        ("c++", "C++"),
        ("cpp", "C++"),
        ("c", "C"),
        ("sh", "Shell"),
        ("Pip Requirements", "Pip Requirements"),
        ("rst", "reStructuredText"),
        ("yml", "YAML"),
        ("pythn", None),
        ("", None),
    ],
)
def test_named(alias: str, expected: str | None) -> None:
    assert named(alias) == expected


def test_near() -> None:
    assert near("pythn")[0] == "Python"
    assert near("zzzzzz") == []
    assert len(near("c")) <= 3
