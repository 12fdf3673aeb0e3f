"""Documents with everything that is hard about them, and queries with what they find, told as text.

A hit is ``path:line:start-end,...`` in characters; of a document that only its path shows, ``path::start-end,...``.
"""

from codehost.model.searching import FileHits
from codehost.search.query.documents import Document
from codehost.search.query.matching import Matcher
from codehost.search.query.parsing import parse

REPOSITORY = "python/six/1.16.0"
SPREAD = "".join(map(chr, range(0x4E00, 0x4E00 + 20_800)))

DOCUMENTS: dict[bytes, bytes] = {
    b"src/app.py": b"import os\nimport sys\n\nclass App:\n    def run(self):\n        return foo_bar(self)\n",
    b"src/other.py": b"def foo_bar(x):\n    return x.Foo + 'foo'\n# FOO fo oo\n",
    b"docs/guide.md": "Ünïcode: naïve é foo é\nCafé CAFÉ café\n".encode(),
    b"windows.txt": b"foo\r\nbar baz\r\nend\r\n",
    b"latin.txt": b"caf\xe9 foo \xff\xfe bar\n\xe2\x82foo\n",
    b"open.txt": b"first\nlast foo",
    b"empty.py": b"",
    b"tiny.py": b"fo",
    b"nul.bin": b"foo\0bar\n",
    b"link": b"src/app.py",
    b"large.txt": b"foo\n" * (1 << 19) + b"x",
    b"trigrams.txt": f"foo\n{SPREAD}".encode(),
    b"almost.txt": f"quux\n{SPREAD[:19_000]}".encode(),
    b"run": b"#!/usr/bin/env python3\nprint('script')\n",
    b"special.c": b'f(x) + a.b [c] "q" \\n $end ^top\nint or = -1;\n',
    b"overlap.txt": b"aaaa\nfoobar foobarbaz\nxfoob\n",
    b"include/api.h": b"int api(void);\n",
}

FOUND: list[tuple[str, str]] = [
    # Words: in lines, else in paths; upper case makes them sensitive.
    ("foo_bar", "src/app.py:6:15-22 src/other.py:1:4-11"),
    ("Foo", "src/other.py:2:13-16"),
    ("FOO", "src/other.py:3:2-5"),
    ("case:no FOO f:other", "src/other.py:1:4-7 src/other.py:2:13-16,20-23 src/other.py:3:2-5"),
    ("case:yes foo f:other", "src/other.py:1:4-7 src/other.py:2:20-23"),
    ("case:yes case:no FOO f:other", "src/other.py:1:4-7 src/other.py:2:13-16,20-23 src/other.py:3:2-5"),
    ("case:auto Foo", "src/other.py:2:13-16"),
    ("api", "include/api.h:1:4-7"),
    ("guide", "docs/guide.md::5-10"),
    ("tiny", "tiny.py::0-4"),
    ("nul", "nul.bin::0-3"),
    ("large", "large.txt::0-5"),
    ("trigrams", "trigrams.txt::0-8"),
    ("quux", "almost.txt:1:0-4"),
    ("link", "link::0-4"),
    ("app", "link:1:4-7 src/app.py:4:6-9"),
    # Only lines, only paths.
    ("content:app", "link:1:4-7 src/app.py:4:6-9"),
    ("c:guide", ""),
    ("file:app", "src/app.py::4-7"),
    ("f:\\.py$", "empty.py::5-8 src/app.py::7-10 src/other.py::9-12 tiny.py::4-7"),
    ("f:^src/", "src/app.py::0-4 src/other.py::0-4"),
    ("f:SRC", ""),
    ("case:no f:SRC", "src/app.py::0-3 src/other.py::0-3"),
    # And, or, not: for the document.
    ("import class", "src/app.py:1:0-6 src/app.py:2:0-6 src/app.py:4:0-5"),
    ("import nosuchword", ""),
    ("script or quux", "almost.txt:1:0-4 run:2:7-13"),
    ("import class or quux", "almost.txt:1:0-4 src/app.py:1:0-6 src/app.py:2:0-6 src/app.py:4:0-5"),
    ("import (class or quux)", "src/app.py:1:0-6 src/app.py:2:0-6 src/app.py:4:0-5"),
    ("foo_bar -class", "src/other.py:1:4-11"),
    ("foo_bar -f:other", "src/app.py:6:15-22"),
    ("-f:src f:py", "empty.py::6-8 tiny.py::5-7"),
    ("foo_bar -(class import)", "src/other.py:1:4-11"),
    ("foo_bar -(class or nosuchword)", "src/other.py:1:4-11"),
    ("foo_bar --class", "src/app.py:4:0-5 src/app.py:6:15-22"),
    ("-nosuchword f:^run$", "run::0-3"),
    ('int "or" "-1"', "special.c:2:0-3,4-6,9-11"),
    ("import\nclass", "src/app.py:1:0-6 src/app.py:2:0-6 src/app.py:4:0-5"),
    # Repositories and languages show no text: the path stands for the document.
    ("repo:^python/six/ f:^run$", "run::0-3"),
    ("r:six f:run -r:seven", "run::0-3"),
    ("repo:SIX f:run", ""),
    ("repo:seven foo", ""),
    ("lang:python", "empty.py::0-8 run::0-3 src/app.py::0-10 src/other.py::0-12 tiny.py::0-7"),
    ("lang:PY -f:py", "run::0-3"),
    ("lang:markdown", "docs/guide.md::0-13"),
    ("lang:c", "include/api.h::0-13 special.c::0-9"),
    ("foo_bar -lang:python", ""),
    # Regular expressions.
    ("^import", "src/app.py:1:0-6 src/app.py:2:0-6"),
    ("self.:$", "src/app.py:5:12-18"),
    ('"return \\\\w+" f:src', "src/app.py:6:8-22 src/other.py:2:4-12"),
    ('"def \\\\w+" f:src', "src/app.py:5:4-11 src/other.py:1:0-11"),
    ("(class|return).(App|foo_bar)", "src/app.py:4:0-9 src/app.py:6:8-22"),
    ("case:no (class|return).(app|foo_bar)", "src/app.py:4:0-9 src/app.py:6:8-22"),
    ("\\bfoo\\b f:other", "src/other.py:2:13-16,20-23 src/other.py:3:2-5"),
    ("o{2} f:app", "src/app.py:6:16-18"),
    ("x\\.Foo", "src/other.py:2:11-16"),
    ('"f\\\\(x\\\\)"', "special.c:1:0-4"),
    ("f\\(x\\)", "special.c:1:0-4"),
    ("f(x)", ""),
    ("a\\.b", "special.c:1:7-10"),
    ("\\[c\\]", "special.c:1:11-14"),
    ('\\"q\\"', "special.c:1:15-18"),
    ("\\\\n", "special.c:1:19-21"),
    ("\\$end", "special.c:1:22-26"),
    ("\\^top", "special.c:1:27-31"),
    ("[^A-Z]pp:", ""),
    ("\\QA.b\\E or \\Qa.b\\E", "special.c:1:7-10"),
    ("(?P<name>foo)_(bar)", "src/app.py:6:15-22 src/other.py:1:4-11"),
    ("import (os or sys)", "src/app.py:1:0-6,7-9 src/app.py:2:0-6,7-10"),
    # Matches over several lines count for each.
    ("os\\nimport", "src/app.py:1:7-9 src/app.py:2:0-6"),
    ("(?s)os.*class", "src/app.py:1:7-9 src/app.py:2:0-10 src/app.py:4:0-5"),
    ("sys\\n\\nclass", "src/app.py:2:7-10 src/app.py:4:0-5"),
    ("first[^x]last", "open.txt:1:0-5 open.txt:2:0-4"),
    # Ends of lines and of files.
    ("foo$ f:(windows|open|other)", "open.txt:2:5-8"),
    ('"baz\\\\r$"', "windows.txt:2:4-7"),
    ("end\\s f:win", "windows.txt:3:0-3"),
    # Characters, not bytes.
    ("naïve", "docs/guide.md:1:9-14"),
    ('"é foo"', "docs/guide.md:1:15-20"),
    ("café", "docs/guide.md:2:0-4,5-9,10-14"),
    ("case:yes café", "docs/guide.md:2:10-14"),
    ('"caf. foo"', "latin.txt:1:0-8"),
    ('"foo .. bar"', "latin.txt:1:5-15"),
    ("^..foo$", "latin.txt:2:0-5"),
    # Overlaps: the earlier stays, and the longer of two that begin alike.
    ("aaa", "overlap.txt:1:0-3"),
    ("foobar (foobarbaz or nosuch)", "overlap.txt:2:0-6,7-16"),
    ("xf oob", "overlap.txt:2:1-4,8-11 overlap.txt:3:0-2,2-5"),
    ("(?U)fooba.+z", "overlap.txt:2:0-16"),
]


def told(hits: list[FileHits]) -> str:
    """What was found, as text."""
    parts: list[str] = []
    for file in sorted(hits, key=lambda file: file.path):
        for line in file.lines:
            spans = ",".join(f"{span.start}-{span.end}" for span in line.spans)
            parts.append(f"{file.path}:{line.number}:{spans}")
        if not file.lines:
            spans = ",".join(f"{span.start}-{span.end}" for span in file.name_spans)
            parts.append(f"{file.path}::{spans}")
    return " ".join(parts)


def scanned(query: str) -> list[FileHits]:
    """What ``query`` finds in the documents."""
    matcher = Matcher(parse(query))
    documents = (Document(path=path, content=content) for path, content in DOCUMENTS.items())
    return [hits for document in documents if (hits := matcher.match(REPOSITORY, document)) is not None]
