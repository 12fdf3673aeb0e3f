"""Releases whose every byte means harm to a browser, or at least to a page's looks."""

from codehost.model.members import Member
from tests.serve.pages.site import link, member

# Whatever of it runs, it changes the title of its page.
EVIL = b"<script>document.title = 'PWNED'</script><img src=x onerror=\"document.title = 'PWNED'\">"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title = \'PWNED\'">' + EVIL + b"</svg>\n"
SOURCE = "".join(f"def function_{n}(x: int) -> str:\n    return f'{{x}} {n}'  # a comment\n\n\n" for n in range(35))
README = "Six\n===\n\n|build| `click me <javascript:alert(1)>`_ <script>document.title = 'PWNED'</script>\n" * 4
LONG = f"x = '{'y' * 4_000}'\n" * 20
DEEP = b"/".join(b"folder-%d" % n for n in range(12)) + b"/leaf.py"
HOSTILE = b"names/<img src=x onerror=document.title='PWNED'>.html"

SIX: list[Member] = [
    member(b"six.py", SOURCE.encode()),
    member(b"README.rst", README.encode()),
    member(b"evil.html", EVIL),
    member(b"evil.svg", SVG),
    member(b"evil.js", b"document.title = 'PWNED';\n"),
    member(b"evil.css", b"body { display: none }\n"),
    member(b"binary.so", bytes(range(256)) * 40),
    member(b"large.txt", b"All work and no play makes Jack a dull boy.\n" * 24_000),
    member(b"long.py", LONG.encode()),
    member(b"bidi.py", "access = 'user\u202e \u2066# admin\u2069 \u2066'\n".encode()),
    member(b"latin.txt", b"caf\xe9\n"),
    member(b"empty.txt", b""),
    member(b"run.sh", b"#!/bin/sh\necho hello\n", executable=True),
    member(DEEP, b"x = 1\n"),
    member(HOSTILE, EVIL),
    member("names/gp\u202e3pm.py".encode(), EVIL),
    member(b"names/" + b"w" * 200 + b".txt", b"wide\n"),
    link(b"alias.py", b"six.py"),
]
PINS = {"six==1.16.0": SIX, "six==1.15.0": [member(b"six.py", b"x = 1\n")]}
MORE = ("six==1.14.0", "numpy==2.1.0")
NAME = "python/six/1.16.0"
